import { join } from "node:path";
import type { Recipe } from "@moonlight-rl/recipe";
import { bindRecipe } from "../train/bind-recipe.ts";
import type { DebugRequest } from "./debug-request.ts";
import type { KeptRollouts } from "./kept-rollouts.ts";

/** Where the rollouts of a debug run are kept, in the framework's own spelling. */
export function rolloutTemplate(outDir: string): string {
  return join(outDir, "rollout_data", "{rollout_id}.pt");
}

/** The recipe cut down to a mode. Nothing is saved but what is to be looked at. */
export function debugRecipe(request: DebugRequest, kept: KeptRollouts | undefined): Recipe {
  const { mode, modelDir, outDir, checkpointDir = modelDir, rollouts } = request;
  const bound = bindRecipe({ ...request, checkpointDir, saveDir: outDir });
  const trains = mode === "train" || mode === "step";
  return {
    ...bound,
    checkpoint: {
      ...bound.checkpoint,
      // The framework takes the reference policy where it has nothing to load, and counts from 0.
      load: null,
      save: null,
      saveInterval: null,
      startRolloutId: mode === "train" && kept !== undefined ? kept.first : null,
    },
    rollout: {
      ...bound.rollout,
      // Of a single step the schedules stay those of the whole run.
      numRollout:
        mode === "rollout"
          ? rollouts
          : mode === "eval"
            ? 0
            : kept === undefined
              ? bound.rollout.numRollout
              : kept.first + kept.rollouts.length,
    },
    eval: { ...bound.eval, interval: mode === "eval" ? 1 : null },
    debug: {
      ...bound.debug,
      rolloutOnly: !trains,
      trainOnly: mode === "train",
      loadRolloutData: kept?.template ?? null,
      // It would override the templates.
      dumpDetails: null,
      saveRolloutData: mode === "train" ? null : rolloutTemplate(outDir),
      saveTrainData: trains ? join(outDir, "train_data", "{rollout_id}_{rank}.pt") : null,
      exitAfterRollout: mode === "step" ? 1 : null,
    },
  };
}
