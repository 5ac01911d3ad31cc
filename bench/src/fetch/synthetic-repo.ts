import { createCipheriv, createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeHfModel, tensorBytes, type Dtype, type TensorSource } from "@moonlight-rl/checkpoint";
import { readJson, writeJsonAtomic } from "@moonlight-rl/core";
import { hfConfigSchema, hfTensors, type HfConfig } from "@moonlight-rl/model";
import { assetsDirectory, MODEL } from "@moonlight-rl/tiny-moonlight";
import { z } from "zod";

/** The name that the repository is served under. */
export const REPO = "bench/model";
const SHARDS = 8;
const POINTER_SIZE = 134;
const LARGE = /\.safetensors$/;

const repoSchema = z.object({
  commit: z.string(),
  files: z.array(z.object({ path: z.string(), size: z.int(), etag: z.string() })),
});

/** A repository on disk, laid out as its addresses are. */
export interface SyntheticRepo extends z.output<typeof repoSchema> {
  /** Holds `bench/model/resolve/<commit>/…` and the API's answers in `api/`. */
  readonly root: string;
  readonly bytes: number;
  /** Entries as the Hub's tree API lists them. */
  readonly tree: readonly TreeEntry[];
}

interface TreeEntry {
  readonly type: "file";
  readonly path: string;
  readonly oid: string;
  readonly size: number;
  readonly lfs?: { readonly oid: string; readonly size: number; readonly pointerSize: number };
}

type RepoFile = SyntheticRepo["files"][number];

/**
 * A model of about `size` bytes in eight shards: the bundled tiny model made wide, with every tensor that its
 * architecture has, so that a client which looks into what it fetched finds a model. The weights are noise from a fixed
 * seed: nothing compresses, and every run has the same bytes. A complete one of that size in `folder` is used again.
 */
export async function syntheticRepo(
  folder: string,
  size: number,
  signal: AbortSignal,
): Promise<SyntheticRepo> {
  const root = join(folder, `fetch-${size}`);
  const marker = join(root, "repo.json");
  const found = await readJson(marker, repoSchema, { what: "kept repository" }).catch(
    () => undefined,
  );
  const repo = found ?? (await makeRepo(root, size, signal));
  await writeJsonAtomic(marker, repo);
  return {
    ...repo,
    root,
    bytes: repo.files.reduce((sum, file) => sum + file.size, 0),
    tree: repo.files.map(treeEntry),
  };
}

async function makeRepo(
  root: string,
  size: number,
  signal: AbortSignal,
): Promise<z.output<typeof repoSchema>> {
  await rm(root, { recursive: true, force: true });
  // The size is not content: any name of 40 digits will do for a commit.
  const commit = createHash("sha1").update(`bench ${size}`).digest("hex");
  const folder = join(root, REPO, "resolve", commit);
  await mkdir(folder, { recursive: true });
  const tiny = join(assetsDirectory, "models", MODEL);
  const config = wideConfig(JSON.parse(await readFile(join(tiny, "config.json"), "utf8")), size);
  const tensors = tensorSources(hfConfigSchema.parse(config), signal);
  const weights = tensors.map(({ shape, dtype }) => tensorBytes(shape, dtype));
  const written = await writeHfModel(folder, {
    tensors,
    maxShardBytes: Math.ceil(weights.reduce((a, b) => a + b, 0) / SHARDS) + Math.max(...weights),
  });
  if (written.filter(({ path }) => LARGE.test(path)).length !== SHARDS)
    throw new Error(`${size} bytes are too few for ${SHARDS} shards of this architecture`);
  await writeFile(join(folder, "config.json"), `${JSON.stringify(config, null, 2)}\n`);
  for (const name of ["generation_config.json", "tokenizer.json", "tokenizer_config.json"])
    await writeFile(join(folder, name), await readFile(join(tiny, name)));

  const files = await Promise.all(
    [
      ...written.map(({ path }) => path),
      "config.json",
      "generation_config.json",
      "tokenizer.json",
      "tokenizer_config.json",
    ]
      .sort()
      .map(async (path) => {
        const large = written.find((file) => file.path === path && LARGE.test(path));
        if (large !== undefined) return { path, size: large.size, etag: large.sha256 };
        const content = await readFile(join(folder, path));
        return { path, size: content.length, etag: blobId(content) };
      }),
  );
  await writeAnswers(join(root, "api"), commit, files);
  return { commit, files };
}

/** What `/api/models/…` and `/api/models/…/tree/…` say. */
async function writeAnswers(
  folder: string,
  commit: string,
  files: readonly RepoFile[],
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const info = {
    _id: commit.slice(0, 24),
    id: REPO,
    modelId: REPO,
    sha: commit,
    private: false,
    gated: false,
    disabled: false,
    tags: [],
    downloads: 0,
    likes: 0,
    lastModified: "2026-01-01T00:00:00.000Z",
    createdAt: "2026-01-01T00:00:00.000Z",
    siblings: files.map((file) => ({
      rfilename: file.path,
      size: file.size,
      blobId: treeEntry(file).oid,
      ...(LARGE.test(file.path)
        ? { lfs: { sha256: file.etag, size: file.size, pointerSize: POINTER_SIZE } }
        : {}),
    })),
  };
  await writeFile(join(folder, "info.json"), JSON.stringify(info));
  await writeFile(join(folder, "tree.json"), JSON.stringify(files.map(treeEntry)));
}

function treeEntry({ path, size, etag }: RepoFile): TreeEntry {
  if (!LARGE.test(path)) return { type: "file", oid: etag, size, path };
  // What git stores of a large file is its pointer; no client of this bench looks at it.
  const oid = blobId(Buffer.from(etag));
  return { type: "file", oid, size, lfs: { oid: etag, size, pointerSize: POINTER_SIZE }, path };
}

/** git's name for a file's content. */
function blobId(content: Uint8Array): string {
  return createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");
}

/** The tiny model's configuration, with experts so wide that all weights together have about `size` bytes. */
function wideConfig(tiny: unknown, size: number): Record<string, unknown> {
  const base = z.record(z.string(), z.unknown()).parse(tiny);
  const withWidth = (width: number): Record<string, unknown> => ({
    ...base,
    hidden_size: 2048,
    n_routed_experts: 64,
    moe_intermediate_size: width,
  });
  const bytes = (width: number): number =>
    hfTensors(hfConfigSchema.parse(withWidth(width))).reduce(
      (sum, { name, shape }) => sum + tensorBytes(shape, dtypeOf(name)),
      0,
    );
  // Bytes grow in a straight line with the width.
  const perColumn = bytes(2) - bytes(1);
  return withWidth(Math.max(1, Math.round((size - bytes(1)) / perColumn) + 1));
}

/** As in the real checkpoint: only the router's bias is not bfloat16. */
function dtypeOf(name: string): Dtype {
  return name.endsWith("e_score_correction_bias") ? "F32" : "BF16";
}

function tensorSources(config: HfConfig, signal: AbortSignal): TensorSource[] {
  const noise = createCipheriv("aes-128-ctr", Buffer.alloc(16, 7), Buffer.alloc(16, 9));
  return hfTensors(config).map(({ name, shape }) => {
    const dtype = dtypeOf(name);
    return {
      name,
      dtype,
      shape,
      async *read() {
        const zeros = Buffer.alloc(1 << 20);
        for (let left = tensorBytes(shape, dtype); left > 0; left -= zeros.length) {
          signal.throwIfAborted();
          yield noise.update(zeros.subarray(0, Math.min(left, zeros.length)));
        }
      },
    };
  });
}
