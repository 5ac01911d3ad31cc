import { statfs } from "node:fs/promises";
import { join } from "node:path";
import { formatBytes, writeJsonAtomic, type Emit } from "@moonlight-rl/core";
import { checkIteration, type IterationCheck } from "./check-iteration.ts";
import { readSaveFolder, removeIteration } from "./save-folder.ts";

export interface CheckpointWatchOptions {
  readonly folder: string;
  /** File that names the last good iteration, for people and other programs. */
  readonly pointer: string;
  readonly dataState: boolean;
  /** How many good iterations stay; undefined: all. */
  readonly keep: number | undefined;
  /** Saves that are still to come after an iteration. */
  readonly savesAfter: (iteration: number) => number;
  readonly emit: Emit;
}

/**
 * Watches the folder that a job saves to, by polling (it may be a network's). An iteration counts once the tracker has
 * reached it, its structure and files are whole, and its data position lies beside it.
 */
export class CheckpointWatch {
  readonly #options: CheckpointWatchOptions;
  readonly #seen = new Set<number>();
  readonly #good: IterationCheck[] = [];
  #forecast: string | undefined;

  constructor(options: CheckpointWatchOptions) {
    this.#options = options;
  }

  /** Last iteration that training can go on from, as far as its structure tells. */
  get lastGood(): number | undefined {
    return this.#good.at(-1)?.iteration;
  }

  /**
   * Looks once.
   *
   * @param last the job has ended: what is not there now will not come
   */
  async poll(last = false): Promise<void> {
    const { folder, dataState, emit } = this.#options;
    const { tracker, iterations } = await readSaveFolder(folder);
    if (typeof tracker !== "number") return;
    for (const iteration of iterations) {
      if (iteration > tracker || this.#seen.has(iteration)) continue;
      const check = await checkIteration(folder, iteration, { deep: false, dataState });
      // The data position is written after the tracker: it may be on its way.
      const onItsWay = check.fault?.code === "CHECKPOINT_DATA_STATE" && iteration === tracker;
      if (onItsWay && !last) continue;
      this.#seen.add(iteration);
      if (check.fault !== undefined) {
        emit({
          type: "warning",
          code:
            check.fault.code === "CHECKPOINT_DATA_STATE" ? check.fault.code : "CHECKPOINT_DAMAGED",
          message: `iteration ${iteration} is not one to go on from: ${check.fault.message}`,
        });
        continue;
      }
      await this.#isGood(check);
    }
  }

  async #isGood(check: IterationCheck): Promise<void> {
    const { folder, pointer, emit } = this.#options;
    this.#good.push(check);
    this.#good.sort((a, b) => a.iteration - b.iteration);
    const { iteration, bytes } = check;
    emit({
      type: "log",
      message: `checkpoint of rollout ${iteration} is complete (${formatBytes(bytes)})`,
      data: { iteration, bytes },
    });
    const newest = this.#good.at(-1) ?? check;
    await writeJsonAtomic(pointer, { iteration: newest.iteration, folder, bytes: newest.bytes });
    await this.#retain();
    await this.#forecastDisk();
  }

  async #retain(): Promise<void> {
    const { folder, keep, emit } = this.#options;
    if (keep === undefined) return;
    while (this.#good.length > Math.max(1, keep)) {
      const [oldest] = this.#good.splice(0, 1);
      if (oldest === undefined) return;
      await removeIteration(folder, oldest.iteration);
      emit({ type: "log", message: `removed the checkpoint of rollout ${oldest.iteration}` });
    }
  }

  async #forecastDisk(): Promise<void> {
    const { folder, keep, savesAfter, emit } = this.#options;
    const newest = this.#good.at(-1);
    if (newest === undefined || newest.bytes === 0) return;
    const { bavail, bsize } = await statfs(join(folder));
    const room = Math.floor((bavail * bsize) / newest.bytes);
    // With retention the next save needs room beside those that stay, and that once.
    const left = savesAfter(newest.iteration);
    const needed =
      keep === undefined ? left : Math.min(left, Math.max(1, keep - this.#good.length + 1));
    if (room >= needed) return;
    const message = `the disk has room for ${room} more checkpoints of ${formatBytes(newest.bytes)}, ${needed} are to come`;
    if (message === this.#forecast) return;
    this.#forecast = message;
    emit({
      type: "warning",
      code: "CHECKPOINT_DISK",
      message,
      hint: "Free space, keep fewer (--keep-checkpoints), or save less often: a full disk ends the job at its next save.",
    });
  }
}
