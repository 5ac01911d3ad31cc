import { z } from "zod";
import { field } from "./field-facts.ts";

const datasetSchema = z.strictObject({
  name: z.string().min(1).describe("Name in metrics: eval/<name>."),
  path: z
    .string()
    .min(1)
    .describe("File like data.promptData; embedded: its name inside the dataset artifact."),
  nSamplesPerPrompt: z.int().optional().describe("Instead of eval.nSamplesPerPrompt."),
  maxResponseLen: z.int().optional().describe("Instead of eval.maxResponseLen."),
  temperature: z.number().optional().describe("Instead of eval.temperature."),
  topP: z.number().optional().describe("Instead of eval.topP."),
  topK: z.int().optional().describe("Instead of eval.topK."),
  inputKey: z.string().min(1).optional().describe("Instead of data.inputKey."),
  labelKey: z.string().min(1).optional().describe("Instead of data.labelKey."),
  rmType: z.string().min(1).optional().describe("Grader instead of reward.rmType."),
});

/** One evaluation set; what it leaves out is taken from `eval`, `data` and `reward`. */
export type EvaluationDataset = z.output<typeof datasetSchema>;

/** Evaluation during training. */
export const evaluationSchema = z.strictObject({
  interval: field(
    z.int().nullable(),
    "Rollouts between evaluations: after rollout id when (id + 1) % interval == 0. null: never.",
    { flag: "--eval-interval", usual: null, unit: "rollouts", source: "A:1173" },
  ),
  datasets: field(
    z.array(datasetSchema),
    "Sets that are evaluated, in order; each may have sampling, keys and grader of its own (then miles gets them inline by --eval-config).",
    {
      flag: "--eval-prompt-data, --eval-config",
      usual: [],
      source: "A:1175, A:1186, eval_config.py:94",
    },
  ),
  nSamplesPerPrompt: field(z.int(), "Samples per evaluation problem.", {
    flag: "--n-samples-per-eval-prompt",
    usual: 1,
    unit: "samples",
    source: "A:1207",
  }),
  maxResponseLen: field(z.int(), "Most tokens generated per evaluation sample.", {
    flag: "--eval-max-response-len",
    unit: "tokens",
    source: "A:1216",
  }),
  temperature: field(
    z.number(),
    "Sampling temperature of evaluation, 0 = greedy; miles alone would take rollout.temperature.",
    { flag: "--eval-temperature", source: "A:1213" },
  ),
  topP: field(
    z.number(),
    "Nucleus of evaluation sampling as a share; miles alone would take rollout.topP.",
    { flag: "--eval-top-p", source: "A:1214" },
  ),
  topK: field(
    z.int().nullable(),
    "Most likely tokens that evaluation samples from. null: rollout.topK.",
    { flag: "--eval-top-k", usual: null, unit: "tokens", source: "A:1215" },
  ),
  maxPromptLen: field(z.int().nullable(), "Longer problems are left out. null: none is.", {
    flag: "--eval-max-prompt-len",
    usual: null,
    unit: "tokens",
    source: "A:1217",
  }),
  skipBeforeTrain: field(
    z.boolean(),
    "Whether the evaluation before the first rollout of the process is left out.",
    { flag: "--skip-eval-before-train", usual: false, source: "A:1196" },
  ),
});
