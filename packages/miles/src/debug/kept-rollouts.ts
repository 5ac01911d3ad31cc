import { dirname, join, resolve } from "node:path";
import { UsageError, VerificationError, type Emit } from "@moonlight-rl/core";
import type { Recipe } from "@moonlight-rl/recipe";
import { summarizeDump } from "../dump/dump-summary.ts";
import { findDumps } from "../dump/find-dumps.ts";
import { readRolloutDump } from "../dump/read-dump.ts";
import type { DebugRollout } from "./debug-request.ts";

/** Rollouts to train on: numbers without a gap, and the template that names their files. */
export interface KeptRollouts {
  /** With `{rollout_id}`, as the framework wants it. */
  readonly template: string;
  readonly first: number;
  readonly rollouts: readonly DebugRollout[];
}

/**
 * Reads all of them before a GPU is taken: the framework would find a gap, or a damaged file, after minutes of start-up.
 *
 * @throws UsageError DEBUG_ROLLOUTS_GAP, VerificationError DEBUG_ROLLOUTS_UNUSABLE, and what `readRolloutDump` throws
 */
export async function keptRollouts(
  path: string,
  recipe: Recipe,
  emit: Emit,
): Promise<KeptRollouts> {
  const files = (await findDumps(path)).filter(({ evaluation }) => !evaluation);
  const [first] = files;
  if (first?.rollout === undefined)
    throw new UsageError("DEBUG_ROLLOUTS_GAP", `${path} holds no rollout with a number.`, {
      field: "rolloutsFrom",
      hint: "Name the folder of 0.pt, 1.pt, …, as debug.saveRolloutData writes them.",
    });
  const rollouts: DebugRollout[] = [];
  for (const [place, { file, rollout }] of files.entries()) {
    if (rollout !== first.rollout + place)
      throw new UsageError(
        "DEBUG_ROLLOUTS_GAP",
        `Rollout ${first.rollout + place} is missing between those of ${path}.`,
        { field: "rolloutsFrom", file, hint: "Training takes rollouts one after another." },
      );
    const dump = await readRolloutDump(file);
    const summary = summarizeDump(dump.samples, recipe.reward.rewardKey ?? undefined);
    if (dump.samples.length === 0)
      throw new VerificationError("DEBUG_ROLLOUTS_UNUSABLE", `${file} has no sample.`, { file });
    for (const fault of summary.faults)
      emit({ type: "warning", code: "DEBUG_ROLLOUT_ODD", message: `rollout ${rollout}: ${fault}` });
    rollouts.push({ file, rollout: dump.rollout, evaluation: false, summary });
  }
  return { template: templateOf(first.file, first.rollout), first: first.rollout, rollouts };
}

/** The file's own name with its number as a placeholder. */
function templateOf(file: string, rollout: number): string {
  const name = file.slice(dirname(file).length + 1);
  const at = name.lastIndexOf(String(rollout));
  const digits = String(rollout).length;
  return join(resolve(dirname(file)), `${name.slice(0, at)}{rollout_id}${name.slice(at + digits)}`);
}
