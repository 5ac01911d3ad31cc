import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { PreflightError, readJson, VerificationError } from "@moonlight-rl/core";
import { z } from "zod";
import { orFault, type OnFault } from "../fault.ts";
import { iterationFolder, TRACKER_FILE, type Iteration } from "./layout.ts";

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

/** The folder of a given iteration, of the one that the tracker names, or of the newest when that fault was taken. */
export async function findIteration(
  path: string,
  iteration: Iteration | undefined,
  onFault: OnFault,
): Promise<{ folder: string; iteration: Iteration }> {
  if (existsSync(join(path, ".metadata")))
    return { folder: path, iteration: iteration ?? iterationOfFolder(path) };
  let named = iteration ?? (await orFault(onFault, () => readTracker(path)));
  if (named === undefined) {
    // The tracker's fault was taken: without it, the newest iteration is the best guess.
    const newest = (await iterationFolders(path)).at(-1);
    if (newest === undefined) named = await readTracker(path);
    else named = iterationOfFolder(newest);
  }
  return { folder: join(path, iterationFolder(named)), iteration: named };
}

/** Names of the folders of iterations below a checkpoint's, the newest last. */
export async function iterationFolders(path: string): Promise<string[]> {
  const names = (await readdir(path)).filter((name) => /^(iter_\d{7,}|release)$/.test(name));
  return names.filter((name) => existsSync(join(path, name, ".metadata"))).sort();
}

/** Readers take a folder for a checkpoint of this kind only if this file, written last, is there. */
export async function checkBackend(folder: string): Promise<void> {
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
}

function iterationOfFolder(path: string): Iteration {
  const name = basename(path);
  return parseIteration(name.replace(/^iter_0*(?=\d)/, ""), path);
}
