import type { Recipe } from "@moonlight-rl/recipe";

export interface Refusal {
  /** Dotted path of the field. */
  readonly field: string;
  readonly reason: string;
}

/** What the train stage cannot honour with miles, because it could not tell success from failure, or not resume. */
export function refuseFields({ checkpoint, debug }: Recipe): Refusal[] {
  const refusals: Refusal[] = [];
  const refuse = (when: boolean, field: string, reason: string): void => {
    if (when) refusals.push({ field, reason });
  };
  refuse(
    checkpoint.saveInterval === null,
    "checkpoint.saveInterval",
    "without a save there is no trained checkpoint",
  );
  refuse(
    checkpoint.finetune,
    "checkpoint.finetune",
    "a run that is resumed would count from rollout 0 again",
  );
  refuse(debug.rolloutOnly, "debug.rolloutOnly", "nothing is trained: use moonlight debug rollout");
  refuse(
    debug.trainOnly || debug.loadRolloutData !== null,
    "debug.loadRolloutData",
    "rollouts that were kept teach the same again: use moonlight debug train",
  );
  refuse(
    debug.exitAfterRollout !== null,
    "debug.exitAfterRollout",
    "it ends without a save: use moonlight debug step",
  );
  return refusals;
}
