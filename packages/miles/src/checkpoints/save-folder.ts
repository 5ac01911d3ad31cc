import { readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import {
  iterationFolder,
  readTracker,
  TRACKER_FILE,
  type Iteration,
} from "@moonlight-rl/checkpoint";
import { isMoonlightError, removePath, writeFileAtomic } from "@moonlight-rl/core";

/** What lies in a folder that miles saves to. */
export interface SaveFolder {
  /** What the tracker file names; undefined: there is none (written after the data, so nothing is finished). */
  readonly tracker: Iteration | "damaged" | undefined;
  /** Iterations that have a folder, finished or not, ascending. */
  readonly iterations: readonly number[];
}

export async function readSaveFolder(folder: string): Promise<SaveFolder> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return {
    tracker: names.includes(TRACKER_FILE) ? await trackerOf(folder) : undefined,
    iterations: names
      .flatMap((name) => /^iter_(\d{7,})$/.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b),
  };
}

async function trackerOf(folder: string): Promise<SaveFolder["tracker"]> {
  try {
    return await readTracker(folder);
  } catch (error) {
    if (!isMoonlightError(error)) throw error;
    return error.code === "TRACKER_INVALID" ? "damaged" : undefined;
  }
}

/** Where the data's position after a rollout is kept; written after the iteration and its tracker. */
export function dataStateFile(folder: string, iteration: number): string {
  return join(folder, "rollout", `global_dataset_state_dict_${iteration}.pt`);
}

/** Lets the tracker name an earlier iteration, and puts the later ones out of the framework's sight, to be looked at. */
export async function fallBackTo(
  folder: string,
  iteration: number,
  later: readonly number[],
): Promise<void> {
  await writeFileAtomic(join(folder, TRACKER_FILE), String(iteration));
  for (const one of later) {
    const name = join(folder, iterationFolder(one));
    await removePath(`${name}.unusable`);
    await rename(name, `${name}.unusable`);
  }
}

/** Removes an iteration with its data state. */
export async function removeIteration(folder: string, iteration: number): Promise<void> {
  await removePath(join(folder, iterationFolder(iteration)));
  await removePath(dataStateFile(folder, iteration));
}
