import { createReadStream } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { HISTORY_FILE } from "@moonlight-rl/core";
import { z } from "zod";

const recordSchema = z.object({
  type: z.string(),
  step: z.int().nonnegative(),
  values: z.record(z.string(), z.number()).optional(),
});

/** A value over rollouts that were trained on. */
export type Points = readonly (readonly [rollout: number, value: number])[];

export interface LearningCurve {
  /** Mean reward of the samples that were trained on: after the filter, so that it hides how many prompts are too easy. */
  readonly reward: Points;
  /** Accuracy on the evaluation problems during training. */
  readonly accuracy: Points;
}

/** Reads the curves out of a training's checkpoint folder. */
export async function readCurve(folder: string, evalSet: string): Promise<LearningCurve> {
  const reward: [number, number][] = [];
  const accuracy: [number, number][] = [];
  const lines = createInterface({ input: createReadStream(join(folder, HISTORY_FILE)) });
  for await (const line of lines) {
    const { type, step, values } = recordSchema.parse(JSON.parse(line));
    if (type !== "metric") continue;
    const [gained, right] = [values?.["rollout/raw_reward"], values?.[`eval/${evalSet}`]];
    if (gained !== undefined) reward.push([step, gained]);
    if (right !== undefined) accuracy.push([step, right]);
  }
  return { reward, accuracy };
}
