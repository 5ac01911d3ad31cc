import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  iterationFolder,
  openTorchDist,
  readPlainState,
  verifyCheckpoint,
} from "@moonlight-rl/checkpoint";
import { isMoonlightError } from "@moonlight-rl/core";
import { dataStateFile } from "./save-folder.ts";

export interface CheckOptions {
  /** Read every byte (CRCs, no NaN), not only the structure and the files' sizes. */
  readonly deep: boolean;
  /** Whether the data's position must be there too. */
  readonly dataState: boolean;
  readonly signal?: AbortSignal;
}

export interface IterationCheck {
  readonly iteration: number;
  /** Bytes on disk. */
  readonly bytes: number;
  /** What is wrong; undefined: nothing. */
  readonly fault: { readonly code: string; readonly message: string } | undefined;
}

/** Whether training can go on from an iteration. */
export async function checkIteration(
  folder: string,
  iteration: number,
  options: CheckOptions,
): Promise<IterationCheck> {
  const path = join(folder, iterationFolder(iteration));
  try {
    const fault =
      (await structureFault(folder, iteration)) ??
      (options.deep ? await contentFault(path, options.signal) : undefined) ??
      (options.dataState ? await dataFault(folder, iteration) : undefined);
    return { iteration, bytes: await sizeOf(path), fault };
  } catch (error) {
    if (!isMoonlightError(error) || error.code === "INTERRUPTED") throw error;
    return { iteration, bytes: 0, fault: { code: error.code, message: error.message } };
  }
}

async function structureFault(folder: string, iteration: number): Promise<IterationCheck["fault"]> {
  const checkpoint = await openTorchDist(folder, iteration);
  try {
    // The framework counts on from this number, whatever the folder is called.
    const said = checkpoint.common["iteration"];
    if (typeof said === "number" && said !== iteration)
      return {
        code: "CHECKPOINT_ITERATION",
        message: `${checkpoint.folder} says of itself that it is iteration ${said}.`,
      };
    const ends = new Map<string, number>();
    for (const { chunks } of checkpoint.tensors.values())
      for (const { path, offset, length } of chunks)
        ends.set(path, Math.max(ends.get(path) ?? 0, offset + length));
    for (const [name, end] of ends) {
      const file = join(checkpoint.folder, name);
      const size = existsSync(file) ? (await stat(file)).size : -1;
      if (size < end)
        return size === -1
          ? { code: "FILE_MISSING", message: `${file} is missing.` }
          : { code: "FILE_TRUNCATED", message: `${file} has ${size} bytes, ${end} are needed.` };
    }
    return undefined;
  } finally {
    await checkpoint.close();
  }
}

async function contentFault(
  path: string,
  signal: AbortSignal | undefined,
): Promise<IterationCheck["fault"]> {
  const { findings } = await verifyCheckpoint(path, signal === undefined ? {} : { signal });
  const [first] = findings;
  return first === undefined ? undefined : { code: first.code, message: first.message };
}

async function dataFault(folder: string, iteration: number): Promise<IterationCheck["fault"]> {
  const file = dataStateFile(folder, iteration);
  if (!existsSync(file))
    return {
      code: "CHECKPOINT_DATA_STATE",
      message: `${file} is missing: the framework would start the prompts anew without a word.`,
    };
  const state = await readPlainState(file);
  return typeof state["sample_offset"] === "number" && typeof state["epoch_id"] === "number"
    ? undefined
    : { code: "CHECKPOINT_DATA_STATE", message: `${file} holds no position in the prompts.` };
}

async function sizeOf(path: string): Promise<number> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
