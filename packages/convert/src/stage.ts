import { UsageError } from "@moonlight-rl/core";
import {
  artifact,
  defineStage,
  type Artifact,
  type PlanAction,
  type StageContext,
} from "@moonlight-rl/pipeline";
import { z } from "zod";
import { diff } from "./commands/diff.ts";
import { inspect } from "./commands/inspect.ts";
import { verify } from "./commands/verify.ts";
import { toHfModel } from "./megatron/to-hf-model.ts";
import { planToHf } from "./megatron/plan.ts";
import { planToTorchDist } from "./model/plan.ts";
import { toTorchDistCheckpoint } from "./model/to-torch-dist.ts";

const definition = {
  name: "convert",
  title: "Convert Hugging Face safetensors to Megatron torch_dist and back, without a GPU.",
  from: import.meta.url,
} as const;

const model = artifact("hf-model");
const checkpoint = artifact("torch-dist");
const extraState = z
  .boolean()
  .default(false)
  .describe(
    "with --to torch_dist: also write the empty extra states that upstream Megatron asks for",
  );
const sourceText =
  "Hugging Face model: what is converted to torch_dist; on the way back it gives config, tokenizer and dtypes";
const checkpointText = "Megatron checkpoint to convert to hf: the folder with the tracker file";

/** Both directions, as the command line has them. */
export const convert = defineStage({
  ...definition,
  input: z.strictObject({
    to: z.enum(["torch_dist", "hf"]).describe("format to convert to"),
    model: model.optional().describe(sourceText),
    checkpoint: checkpoint.optional().describe(checkpointText),
    extraState,
  }),
  output: z.object({ checkpoint: checkpoint.optional(), model: model.optional() }),
  examples: [
    "--to torch_dist --model ./Moonlight-16B-A3B",
    "--to hf --checkpoint ./trained --model ./Moonlight-16B-A3B",
  ],
  commands: [inspect, verify, diff],
  async plan(input) {
    return input.to === "hf"
      ? planToHf(required(input.checkpoint, "checkpoint"))
      : planToTorchDist(required(input.model, "model"));
  },
  async run(input, context) {
    const source = required(input.model, "model");
    if (input.to === "hf")
      return { model: await toHfModel(required(input.checkpoint, "checkpoint"), source, context) };
    if (input.checkpoint !== undefined) {
      throw new UsageError("CONVERT_INPUT", "--checkpoint is a torch_dist checkpoint already.", {
        field: "checkpoint",
        hint: "Use --to hf, or leave it out.",
      });
    }
    return { checkpoint: await toTorchDistCheckpoint(source, input, context) };
  },
});

/** `convert --to torch_dist` for pipelines: its output is there for sure. */
export const toTorchDist = defineStage({
  ...definition,
  input: z.strictObject({ model: model.describe(sourceText), extraState }),
  output: z.object({ checkpoint }),
  plan: ({ model: source }): Promise<PlanAction[]> => planToTorchDist(source),
  run: async ({ model: source, extraState: withStates }, context: StageContext) => ({
    checkpoint: await toTorchDistCheckpoint(source, { extraState: withStates }, context),
  }),
});

/** `convert --to hf` for pipelines. */
export const toHf = defineStage({
  ...definition,
  input: z.strictObject({
    checkpoint: checkpoint.describe(checkpointText),
    model: model.describe(sourceText),
  }),
  output: z.object({ model }),
  plan: ({ checkpoint: trained }): Promise<PlanAction[]> => planToHf(trained),
  run: async ({ checkpoint: trained, model: source }, context: StageContext) => ({
    model: await toHfModel(trained, source, context),
  }),
});

function required<K extends string>(value: Artifact<K> | undefined, field: string): Artifact<K> {
  if (value !== undefined) return value;
  throw new UsageError("CONVERT_INPUT", `--${field} is missing.`, {
    field,
    hint: field === "model" ? sourceText : checkpointText,
  });
}
