import { UsageError } from "@moonlight-rl/core";
import type { HfConfig } from "@moonlight-rl/model";
import type { Recipe } from "@moonlight-rl/recipe";
import { Args } from "../argv/args.ts";
import { validateArgv } from "../argv/validate-argv.ts";
import { launchPlan, type LaunchPlan } from "../launch/launch-plan.ts";
import { readModelConfig } from "../model-config.ts";
import { renderArgv } from "../render-argv.ts";
import { refuseSecrets } from "./secrets.ts";

/** What is to run, and what the framework will make of it. */
export interface JobPlan {
  readonly launch: LaunchPlan;
  readonly hfConfig: HfConfig;
  /** Whether the framework keeps the position in the prompts beside its checkpoints. */
  readonly dataState: boolean;
  readonly bridge: boolean;
}

/**
 * The job of a bound recipe, judged before a GPU is taken.
 *
 * @throws UsageError TRAIN_ARGV_REJECTED where the framework's own validators would refuse; TRAIN_SECRET_IN_JOB
 */
export async function planJob(recipe: Recipe): Promise<JobPlan> {
  const { hfConfig, hfFloats } = await readModelConfig(recipe.model.hfCheckpoint);
  const argv = renderArgv(recipe, hfConfig);
  const verdict = validateArgv(argv, { hfConfig: { ...hfConfig }, hfFloats });
  const { rejection } = verdict;
  if (rejection !== undefined)
    throw new UsageError(
      "TRAIN_ARGV_REJECTED",
      `The framework would refuse this (${rejection.raisedAt}): ${rejection.message}`,
      {
        ...(rejection.flags[0] === undefined ? {} : { field: rejection.flags[0] }),
        hint: rejection.fix,
      },
    );
  const launch = launchPlan(recipe, argv, verdict);
  refuseSecrets(launch);
  const args = new Args(verdict.resolved);
  return {
    launch,
    hfConfig,
    dataState: args.on("rollout_global_dataset"),
    bridge: args.is("megatron_to_hf_mode", "bridge"),
  };
}
