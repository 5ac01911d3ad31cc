import { z } from "zod";

const datasetSchema = z.strictObject({
  name: z.string().min(1).describe("Name in metrics: eval/<name>."),
  path: z
    .string()
    .min(1)
    .describe("File like data.promptData; embedded: its name inside the dataset artifact."),
});

/** Evaluation during training. */
export const evaluationSchema = z.strictObject({
  interval: z
    .int()
    .nullable()
    .describe(
      "Rollouts between evaluations: after rollout id when (id + 1) % interval == 0; miles: --eval-interval. null: never.",
    ),
  datasets: z
    .array(datasetSchema)
    .describe("Sets that are evaluated, in order; miles: --eval-prompt-data NAME PATH …"),
  nSamplesPerPrompt: z
    .int()
    .describe("Samples per evaluation problem; miles: --n-samples-per-eval-prompt."),
  maxResponseLen: z
    .int()
    .describe("Most tokens generated per evaluation sample; miles: --eval-max-response-len."),
  temperature: z
    .number()
    .describe(
      "Sampling temperature of evaluation, 0 = greedy; miles: --eval-temperature (default: rollout.temperature).",
    ),
  topP: z.number().describe("Nucleus of evaluation sampling as a share; miles: --eval-top-p."),
  skipBeforeTrain: z
    .boolean()
    .describe(
      "Whether the evaluation before the first rollout of the process is left out; miles: --skip-eval-before-train.",
    ),
});
