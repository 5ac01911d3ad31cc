import { artifact, unkeyed } from "@moonlight-rl/pipeline";
import { z } from "zod";
import { APIS } from "./endpoint/endpoint-options.ts";
import { settingsShape } from "./settings.ts";

const { name, ...settingsOfSet } = settingsShape;

const datasetSchema = z.strictObject({
  name: name.nonoptional().describe("Name in metrics: eval/<name>."),
  data: artifact("hf-dataset").optional().describe("Folder instead of the common one."),
  ...settingsOfSet,
});

/** What answers: exactly one of model, endpoint and responses. */
const policyShape = {
  model: artifact("hf-model")
    .optional()
    .describe("Model folder with its tokenizer, sampled by the embedded engine."),
  engine: z
    .enum(["embedded", "sglang"])
    .optional()
    .describe(
      "What samples the model: the engine in this process, or an SGLang that is started. Default embedded.",
    ),
  serverCommand: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe("Program and arguments that start SGLang. Default: python3 -m sglang.launch_server."),
  serverArgs: z
    .array(z.string())
    .optional()
    .describe("Further arguments of SGLang, such as --tp=8."),
  serverTimeout: unkeyed(
    z
      .number()
      .positive()
      .max(86_400)
      .optional()
      .describe("Seconds until SGLang has to be healthy. Default 1800."),
  ),
  endpoint: unkeyed(
    z.string().min(1).optional().describe("Address of a server that is asked instead of a model."),
  ),
  servedModel: z.string().min(1).optional().describe("The server's name of the model."),
  api: z.enum(APIS).optional().describe('What the server speaks. Default "openai-chat".'),
  tokenizer: artifact("hf-model")
    .optional()
    .describe("Folder with tokenizer and chat template, where we render prompts for a server."),
  apiKeyEnv: unkeyed(
    z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "the name of an environment variable, not the key itself")
      .optional()
      .describe("Environment variable with the server's key."),
  ),
  concurrency: unkeyed(
    z.int().min(1).max(65_536).optional().describe("Most requests at once. Default 256."),
  ),
  requestTimeout: unkeyed(
    z.number().positive().max(86_400).optional().describe("Seconds for an answer. Default 1800."),
  ),
  attempts: unkeyed(
    z
      .int()
      .min(1)
      .max(1000)
      .optional()
      .describe("Tries of a sample, the first included. Default 8."),
  ),
  sendSeed: z
    .boolean()
    .optional()
    .describe("Whether requests carry a seed (some servers refuse one). Default true."),
  extraBody: z
    .record(z.string(), z.json())
    .optional()
    .describe("Further fields of each request, for sglang of its sampling_params."),
  responses: unkeyed(
    z
      .string()
      .min(1)
      .optional()
      .describe("File of saved responses (.jsonl) that are graded instead of sampling."),
  ),
  responsesSha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional()
    .describe("Refuse a file of responses with another digest. Default: the file's own."),
  responseKey: z
    .string()
    .min(1)
    .optional()
    .describe('Row key of a saved response, a text or a list of them. Default "response".'),
};

export const evalInput = z.strictObject({
  ...policyShape,
  data: artifact("hf-dataset")
    .optional()
    .describe("Folder with the problems as rows of JSON or Parquet."),
  ...settingsShape,
  datasets: z
    .array(datasetSchema)
    .optional()
    .describe("Several sets, each with what differs from the flags beside it."),
  recipe: artifact("recipe")
    .optional()
    .describe("Recipe to take what is not given from; given values win."),
  baseline: artifact("eval-result")
    .optional()
    .describe("Result of another policy on the same problems, to compare with."),
  require: unkeyed(
    z
      .array(z.string())
      .optional()
      .describe("What a figure has to be, like aime.avg@8>=0.35; else exit code 5."),
  ),
  requireGain: unkeyed(
    z
      .boolean()
      .optional()
      .describe("Whether every set has to be better than the baseline, with p < 0.05."),
  ),
  trainData: artifact("hf-dataset")
    .optional()
    .describe("Folder with the training prompts, in which the problems are looked for."),
  trainDataFile: z.string().min(1).optional().describe("File within it."),
  trainInputKey: z
    .string()
    .min(1)
    .optional()
    .describe("Row key of a training prompt. Default: the recipe's, else `prompt`."),
  threads: unkeyed(
    z.int().min(1).optional().describe("Threads of the engine; results do not depend on it."),
  ),
});

export type EvalInput = z.output<typeof evalInput>;
