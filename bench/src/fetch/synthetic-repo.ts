import { createHash } from "node:crypto";
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { tensorBytes, writeHfModel } from "@moonlight-rl/checkpoint";
import { readJson, writeJsonAtomic } from "@moonlight-rl/core";
import { hfConfigSchema } from "@moonlight-rl/model";
import { assetsDirectory, MODEL } from "@moonlight-rl/tiny-moonlight";
import { z } from "zod";
import { blobId, REPO, treeEntry, writeAnswers, type TreeEntry } from "./hub-answers.ts";
import { tensorSources, wideConfig } from "./synthetic-model.ts";

const SHARDS = 8;

const repoSchema = z.object({
  commit: z.string(),
  files: z.array(z.object({ path: z.string(), size: z.int(), etag: z.string() })),
});

/** A repository on disk, laid out as its addresses are. */
export interface SyntheticRepo extends z.output<typeof repoSchema> {
  /** Holds `bench/model/resolve/<commit>/…` and the API's answers in `api/`. */
  readonly root: string;
  readonly bytes: number;
  readonly tree: readonly TreeEntry[];
}

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
  // Any name of 40 digits will do for a commit.
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
  const shards = written.filter(({ path }) => path.endsWith(".safetensors"));
  if (shards.length !== SHARDS)
    throw new Error(`${size} bytes are too few for ${SHARDS} shards of this architecture`);
  await writeFile(join(folder, "config.json"), `${JSON.stringify(config, null, 2)}\n`);
  const beside = ["generation_config.json", "tokenizer.json", "tokenizer_config.json"];
  for (const name of beside) await copyFile(join(tiny, name), join(folder, name));

  const small = ["config.json", "model.safetensors.index.json", ...beside].map(async (path) => {
    const content = await readFile(join(folder, path));
    return { path, size: content.length, etag: blobId(content) };
  });
  const files = [
    ...shards.map(({ path, size, sha256 }) => ({ path, size, etag: sha256 })),
    ...(await Promise.all(small)),
  ].sort((a, b) => (a.path < b.path ? -1 : 1));
  await writeAnswers(join(root, "api"), commit, files);
  return { commit, files };
}
