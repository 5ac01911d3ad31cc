import { artifact, unkeyed } from "@moonlight-rl/pipeline";
import { z } from "zod";
import { BACKEND_NAMES } from "./backend/load-backend.ts";
import { milesInput } from "./backend/miles-input.ts";

/** What the stage takes. */
export const trainInput = z.strictObject({
  recipe: artifact("recipe").describe("What rollout-config made"),
  checkpoint: artifact("torch-dist").describe(
    "Checkpoint to start from; also the reference policy",
  ),
  model: artifact("hf-model").describe("Model folder with config.json and the tokenizer"),
  promptData: artifact("hf-dataset").describe("Dataset with the training prompts"),
  evalData: artifact("hf-dataset").describe("Dataset with the evaluation problems"),
  backend: z.enum(BACKEND_NAMES).default("embedded").describe("What carries the recipe out"),
  threads: unkeyed(
    z
      .int()
      .min(1)
      .optional()
      .describe("Threads of the embedded engine; results do not depend on it"),
  ),
  ...milesInput,
});

/** What it hands back. */
export const trainOutput = z.object({
  checkpoint: artifact("torch-dist"),
  iteration: z.int(),
  rollouts: z.int(),
  optimizerSteps: z.int(),
});

export type TrainInput = z.output<typeof trainInput>;
export type TrainOutput = z.input<typeof trainOutput>;
