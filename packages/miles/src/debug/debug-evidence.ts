import { existsSync } from "node:fs";
import { MoonlightError, VerificationError } from "@moonlight-rl/core";
import type { Recipe } from "@moonlight-rl/recipe";
import { summarizeDump } from "../dump/dump-summary.ts";
import { readRolloutDump } from "../dump/read-dump.ts";
import { rolloutTemplate } from "./debug-recipe.ts";
import type { DebugMode, DebugResult, DebugRollout } from "./debug-request.ts";

export interface Evidence {
  readonly mode: DebugMode;
  /** As it was submitted. */
  readonly recipe: Recipe;
  readonly outDir: string;
  readonly log: string;
  /** Number of the last reported optimizer step of the run, plus 1. */
  readonly steps: number | undefined;
  readonly metrics: DebugResult["metrics"];
}

/**
 * A job that says that it succeeded has to show what its mode is for.
 *
 * @throws VerificationError DEBUG_NO_ROLLOUT, MoonlightError TRAIN_NO_STEP, DEBUG_STEPS_MISSING, DEBUG_NO_EVALUATION
 */
export async function assertEvidence(evidence: Evidence): Promise<DebugRollout[]> {
  const { mode, recipe, metrics, log } = evidence;
  if (mode === "train" || mode === "step") assertSteps(evidence);
  if (mode === "eval" && !Object.keys(metrics).some((name) => name.startsWith("eval/")))
    throw new MoonlightError("DEBUG_NO_EVALUATION", "The job reports success and no evaluation.", {
      file: log,
      hint: "Look at its log: was there a dataset to evaluate on?",
    });
  if (mode === "train") return [];
  if (mode === "eval") return [await rolloutOf(evidence, 0, true)];
  const wanted = mode === "step" ? 1 : recipe.rollout.numRollout;
  const rollouts: DebugRollout[] = [];
  for (let rollout = 0; rollout < wanted; rollout++)
    rollouts.push(await rolloutOf(evidence, rollout, false));
  return rollouts;
}

/** Steps have the numbers of the whole run, also where it begins in its midst. */
function assertSteps({ mode, recipe, steps, log }: Evidence): void {
  const { numRollout, numStepsPerRollout } = recipe.rollout;
  const wanted = (mode === "step" ? 1 : numRollout) * numStepsPerRollout;
  if (steps === undefined)
    throw new MoonlightError("TRAIN_NO_STEP", "The job reports success and no optimizer step.", {
      file: log,
    });
  if (steps < wanted)
    throw new MoonlightError(
      "DEBUG_STEPS_MISSING",
      `The job reports success after step ${steps - 1}; ${wanted - 1} is the last one.`,
      { file: log, hint: "Were samples trimmed away? Its log says so." },
    );
}

async function rolloutOf(
  { recipe, outDir, log }: Evidence,
  rollout: number,
  evaluation: boolean,
): Promise<DebugRollout> {
  const name = `${evaluation ? "eval_" : ""}${rollout}`;
  const file = rolloutTemplate(outDir).replace("{rollout_id}", name);
  if (!existsSync(file))
    throw new VerificationError(
      "DEBUG_NO_ROLLOUT",
      `The job reports success, and rollout ${name} is not in ${outDir}.`,
      {
        file: log,
        hint: "The folder has to be one that the nodes and this machine see by the same path.",
      },
    );
  const dump = await readRolloutDump(file);
  const summary = summarizeDump(dump.samples, recipe.reward.rewardKey ?? undefined);
  if (dump.rollout !== rollout || dump.samples.length === 0)
    throw new VerificationError(
      "DEBUG_NO_ROLLOUT",
      `${file} holds ${dump.samples.length} samples of rollout ${dump.rollout}, not of ${rollout}.`,
      { file },
    );
  return { file, rollout, evaluation, summary };
}
