import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import {
  digestOf,
  hashFile,
  throwIfAborted,
  UsageError,
  writeJsonAtomic,
  type Emit,
} from "@moonlight-rl/core";
import type { FileDigest } from "../stage/context.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { Artifact } from "./artifact.ts";
import { listFolder, MANIFEST_FILE, PROVENANCE_FILE, realFolder } from "./folder.ts";
import { HashProgress } from "./hash-progress.ts";
import { makeManifest, readManifest, toArtifact } from "./manifest.ts";
import { noteFiles, stampOf } from "./unchanged.ts";
import { verifyFiles } from "./verify.ts";

export interface AdoptOptions {
  /** Remembers digests of unchanged files here; without it every file is read. */
  readonly workspace?: Workspace;
  /** false = what is remembered is used but nothing is written (plans). */
  readonly remember?: boolean;
  readonly kindVersion?: number;
  /** Digests that the caller has just made, by path: these files are not read again. */
  readonly known?: Readonly<Record<string, FileDigest>>;
  readonly signal?: AbortSignal;
  readonly emit?: Emit;
}

/** What tools leave in a folder that is not its content. */
const NOT_CONTENT = [MANIFEST_FILE, PROVENANCE_FILE, ".git", ".cache", ".DS_Store"];

/**
 * A folder as an artifact, where it lies. A published artifact is recognised by its manifest (sizes are
 * verified); any other folder is hashed, and nothing is written into it.
 *
 * @example
 * import { adoptArtifact } from "@moonlight-rl/pipeline";
 *
 * const model = await adoptArtifact("hf-model", "./tiny-moonlight");
 * model.kind; // "hf-model"
 * console.log(model.digest, model.path);
 */
export async function adoptArtifact<K extends string>(
  kind: K,
  path: string,
  options: AdoptOptions = {},
): Promise<Artifact<K>> {
  const folder = await realFolder(path);
  const manifest = await readManifest(folder);
  if (manifest !== undefined) {
    if (manifest.kind !== kind || manifest.kindVersion !== (options.kindVersion ?? 1)) {
      throw new UsageError(
        "ARTIFACT_KIND",
        `${path} is an artifact of kind ${manifest.kind} (version ${manifest.kindVersion}), not ${kind} (version ${options.kindVersion ?? 1}).`,
        { file: folder },
      );
    }
    await verifyFiles(folder, manifest);
    return toArtifact(folder, manifest);
  }
  const found = await hashFolder(folder, kind, options);
  const files = [...found].map(([path, { size, sha256 }]) => ({ path, size, sha256 }));
  const adopted = toArtifact<K>(folder, makeManifest(kind, options.kindVersion ?? 1, files, {}));
  noteFiles(adopted, found);
  return adopted;
}

const indexSchema = z.record(
  z.string(),
  z.object({ stamp: z.string(), size: z.number(), sha256: z.string() }),
);
type Index = z.output<typeof indexSchema>;

async function hashFolder(
  folder: string,
  kind: string,
  options: AdoptOptions,
): Promise<ReadonlyMap<string, Index[string]>> {
  const files = await listFolder(folder, NOT_CONTENT);
  const total = files.reduce((sum, file) => sum + file.size, 0);
  const indexPath =
    options.workspace && join(options.workspace.cache, "adopted", `${digestOf(folder)}.json`);
  const old = indexPath === undefined ? {} : await readIndex(indexPath);
  const found = new Map<string, Index[string]>();
  const progress = new HashProgress(kind, total, options.emit);
  const { signal } = options;
  for (const file of files) {
    throwIfAborted(signal);
    const stamp = await stampOf(file.absolute);
    const known = old[file.path];
    if (stamp !== "" && known?.stamp === stamp) {
      found.set(file.path, known);
      progress.add(file.size);
      continue;
    }
    const onBytes = progress.add;
    const given = options.known?.[file.path];
    if (given?.size === file.size) {
      found.set(file.path, { stamp, size: given.size, sha256: given.sha256 });
      progress.add(file.size);
      continue;
    }
    const digest = await hashFile(file.absolute, { onBytes, ...(signal && { signal }) });
    found.set(file.path, { stamp, ...digest });
  }
  progress.finish();
  const index: Index = Object.fromEntries(found);
  if (
    indexPath !== undefined &&
    options.remember !== false &&
    JSON.stringify(old) !== JSON.stringify(index)
  ) {
    await mkdir(join(indexPath, ".."), { recursive: true });
    await writeJsonAtomic(indexPath, index);
  }
  return found;
}

async function readIndex(path: string): Promise<Index> {
  try {
    const parsed = indexSchema.safeParse(JSON.parse(await readFile(path, "utf8")));
    return parsed.success ? parsed.data : {};
  } catch {
    // No index or a broken one only means that every file is read.
    return {};
  }
}
