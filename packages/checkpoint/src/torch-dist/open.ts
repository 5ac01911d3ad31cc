import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { VerificationError } from "@moonlight-rl/core";
import { tensorBytes } from "../dtype.ts";
import { orFault, refuse, type OnFault } from "../fault.ts";
import { readPickle } from "../pickle/read.ts";
import { identify, type FileIdentity } from "../transfer/source-files.ts";
import type { StoredContent } from "../transfer/stored-content.ts";
import { ChunkReader } from "./chunk-reader.ts";
import type { PlainObject } from "./common.ts";
import { checkBackend, findIteration } from "./find-iteration.ts";
import type { Iteration, Region, StoredTensor } from "./layout.ts";
import { contentOfMetadata } from "./metadata-content.ts";
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
  /** The same in blocks of at most 8 MiB, whatever the sizes of region and chunks. With a `buffer` all have its memory. */
  regionBlocks(key: string, region: Region, buffer?: Uint8Array): AsyncGenerator<Uint8Array>;
  /** Where the region's bytes lie, so that writers can copy them in threads; `name` is what errors call it. */
  stored(key: string, region: Region, name?: string): StoredContent;
  close(): Promise<void>;
}

const MAX_METADATA = 1 << 28;

/**
 * Opens the iteration that the tracker names, a given one, or the iteration folder itself. With `onFault` all that is wrong
 * is told and what can be read is opened; without, the first fault is thrown.
 */
export async function openTorchDist(
  path: string,
  iteration?: Iteration,
  onFault: OnFault = refuse,
): Promise<TorchDist> {
  const { folder, iteration: named } = await findIteration(path, iteration, onFault);
  await orFault(onFault, () => checkBackend(folder));
  const common = (await orFault(onFault, () => readPlainState(join(folder, "common.pt")))) ?? {};
  const metadataFile = join(folder, ".metadata");
  const { tensors, others } = contentOfMetadata(
    readPickle(await readBounded(metadataFile, MAX_METADATA), metadataFile),
    metadataFile,
    onFault,
  );
  for (const [key, { shape, chunks }] of tensors) {
    const fault = tilingFault(shape, chunks);
    if (fault !== undefined)
      onFault(
        new VerificationError("CHUNKS_INCOMPLETE", `${metadataFile}: tensor ${key}: ${fault}.`, {
          file: metadataFile,
          field: key,
        }),
      );
  }
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
    regionBlocks: (key, region, buffer) => regionBlocks(chunks, key, find(key), region, buffer),
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

async function readBounded(file: string, limit: number): Promise<Uint8Array> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw missing(file, cause);
  });
  if (bytes.byteLength > limit)
    throw new VerificationError(
      "METADATA_INVALID",
      `${file} has ${bytes.byteLength} bytes, over the limit of ${limit}.`,
      { file },
    );
  return bytes;
}

function missing(file: string, cause: unknown): VerificationError {
  return new VerificationError("FILE_MISSING", `The checkpoint lacks ${file}.`, { file, cause });
}
