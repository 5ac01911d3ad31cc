import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { PreflightError, readJson, VerificationError } from "@moonlight-rl/core";
import { z } from "zod";
import { tensorBytes } from "../dtype.ts";
import { readPickle } from "../pickle/read.ts";
import { identify, type FileIdentity } from "../transfer/source-files.ts";
import type { StoredContent } from "../transfer/stored-content.ts";
import { ChunkReader } from "./chunk-reader.ts";
import type { PlainObject } from "./common.ts";
import {
  iterationFolder,
  TRACKER_FILE,
  type Iteration,
  type Region,
  type StoredTensor,
} from "./layout.ts";
import { contentOfMetadata } from "./metadata-pickle.ts";
import { readPlainState } from "./plain-state.ts";
import { regionBlocks } from "./region-reader.ts";
import { intersect, tilingFault, wholeRegion } from "./region.ts";

/** An iteration of a torch_dist checkpoint, opened for reading. */
export interface TorchDist {
  /** The folder of the iteration. */
  readonly folder: string;
  readonly iteration: Iteration;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Keys that cannot be read, with their dtype (`torch.int64`) or `bytes`: optimizer counters, extra states, rng. */
  readonly others: ReadonlyMap<string, string>;
  /** What `common.pt` holds, as plain data: `args`, `iteration`, … */
  readonly common: PlainObject;
  /** A whole tensor, row-major. */
  readTensor(key: string): Promise<Uint8Array>;
  /** A part of a tensor, row-major, assembled from the chunks that it touches. */
  readRegion(key: string, region: Region): Promise<Uint8Array>;
  /** The same in blocks of at most 8 MiB, whatever the sizes of region and chunks. */
  regionBlocks(key: string, region: Region): AsyncGenerator<Uint8Array>;
  /** Where the region's bytes lie, so that writers can copy them in threads; `name` is what errors call it. */
  stored(key: string, region: Region, name?: string): StoredContent;
  close(): Promise<void>;
}

const MAX_METADATA = 1 << 28;

const backendSchema = z.object({
  sharded_backend: z.literal("torch_dist"),
  sharded_backend_version: z.int(),
  common_backend: z.string(),
  common_backend_version: z.int(),
});

/** The iteration that a checkpoint folder's tracker names. */
export async function readTracker(folder: string): Promise<Iteration> {
  const file = join(folder, TRACKER_FILE);
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new PreflightError(
      "CHECKPOINT_INCOMPLETE",
      `${folder} has no ${TRACKER_FILE}: it is not a finished torch_dist checkpoint.`,
      { file, cause },
    );
  });
  return parseIteration(text.trim(), file);
}

function parseIteration(text: string, file: string): Iteration {
  if (text === "release") return "release";
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new VerificationError(
    "TRACKER_INVALID",
    `${file} holds "${text.slice(0, 40)}", expected an iteration number or "release".`,
    { file },
  );
}

/** Opens the iteration that the tracker names, a given one, or the iteration folder itself. */
export async function openTorchDist(path: string, iteration?: Iteration): Promise<TorchDist> {
  const direct = existsSync(join(path, ".metadata"));
  const named = iteration ?? (direct ? iterationOfFolder(path) : await readTracker(path));
  const folder = direct ? path : join(path, iterationFolder(named));
  if (!existsSync(join(folder, "metadata.json"))) {
    throw new PreflightError(
      "CHECKPOINT_INCOMPLETE",
      `${folder} has no metadata.json: the iteration was not finished.`,
      { file: folder },
    );
  }
  await readJson(join(folder, "metadata.json"), backendSchema, {
    what: "metadata.json",
    code: "CHECKPOINT_FORMAT",
  });
  const metadataFile = join(folder, ".metadata");
  const { tensors, others } = contentOfMetadata(
    readPickle(await readBounded(metadataFile, MAX_METADATA), metadataFile),
    metadataFile,
  );
  for (const [key, { shape, chunks }] of tensors) {
    const fault = tilingFault(shape, chunks);
    if (fault !== undefined)
      throw new VerificationError(
        "CHUNKS_INCOMPLETE",
        `${metadataFile}: tensor ${key}: ${fault}.`,
        { file: metadataFile, field: key },
      );
  }
  const common = await readPlainState(join(folder, "common.pt"));
  const identities = await identifyFiles(folder, tensors.values());
  const chunks = new ChunkReader(folder, identities);
  const find = (key: string): StoredTensor => {
    const tensor = tensors.get(key);
    if (tensor === undefined)
      throw new VerificationError("TENSOR_MISSING", `${folder} has no tensor ${key}.`, {
        file: metadataFile,
        field: key,
      });
    return tensor;
  };

  const readRegion = async (key: string, region: Region): Promise<Uint8Array> => {
    const tensor = find(key);
    const bytes = new Uint8Array(tensorBytes(region.sizes, tensor.dtype));
    let done = 0;
    for await (const block of regionBlocks(chunks, key, tensor, region)) {
      bytes.set(block, done);
      done += block.byteLength;
    }
    return bytes;
  };
  return {
    folder,
    iteration: named,
    tensors,
    others,
    common,
    readRegion,
    readTensor: (key) => readRegion(key, wholeRegion(find(key).shape)),
    regionBlocks: (key, region) => regionBlocks(chunks, key, find(key), region),
    stored(key, region, name = key) {
      const tensor = find(key);
      const touched = tensor.chunks.filter((chunk) => intersect(chunk, region) !== undefined);
      const paths = new Set(touched.map(({ path: file }) => file));
      return {
        name,
        dtype: tensor.dtype,
        place: {
          type: "region",
          folder,
          key,
          tensor: { ...tensor, chunks: touched },
          region,
          identities: Object.fromEntries(
            Object.entries(identities).filter(([file]) => paths.has(file)),
          ),
        },
      };
    },
    close: () => chunks.close(),
  };
}

/** What each data file is now; one that is not there is an error only when it is read. */
async function identifyFiles(
  folder: string,
  tensors: Iterable<StoredTensor>,
): Promise<Record<string, FileIdentity>> {
  const paths = new Set([...tensors].flatMap(({ chunks }) => chunks.map(({ path }) => path)));
  const identities: Record<string, FileIdentity> = {};
  for (const path of paths) {
    const identity = await identify(join(folder, path));
    if (identity !== undefined) identities[path] = identity;
  }
  return identities;
}

function iterationOfFolder(path: string): Iteration {
  const name = basename(path);
  return parseIteration(name.replace(/^iter_0*(?=\d)/, ""), path);
}

async function readBounded(file: string, limit: number): Promise<Uint8Array> {
  const bytes = await readFile(file);
  if (bytes.byteLength > limit)
    throw new VerificationError(
      "METADATA_INVALID",
      `${file} has ${bytes.byteLength} bytes, over the limit of ${limit}.`,
      { file },
    );
  return bytes;
}
