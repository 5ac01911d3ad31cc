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
import { referenceFields, type ReferenceSettings } from "./reference/settings.ts";

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
    ...referenceFields,
  }),
  output: z.object({ checkpoint: checkpoint.optional(), model: model.optional() }),
  examples: [
    "--to torch_dist --model ./Moonlight-16B-A3B",
    "--to hf --checkpoint ./trained --model ./Moonlight-16B-A3B",
    "--to torch_dist --model ./Moonlight-16B-A3B --backend megatron --miles /root/miles --megatron /root/Megatron-LM",
  ],
  commands: [inspect, verify, diff],
  async plan(input) {
    return input.to === "hf"
      ? planBack(required(input.checkpoint, "checkpoint"), input)
      : planThere(required(input.model, "model"), input);
  },
  async run(input, context) {
    const source = required(input.model, "model");
    if (input.to === "hf")
      return {
        model: await back(required(input.checkpoint, "checkpoint"), source, input, context),
      };
    if (input.checkpoint !== undefined) {
      throw new UsageError("CONVERT_INPUT", "--checkpoint is a torch_dist checkpoint already.", {
        field: "checkpoint",
        hint: "Use --to hf, or leave it out.",
      });
    }
    return { checkpoint: await there(source, input, context) };
  },
});

/** `convert --to torch_dist` for pipelines: its output is there for sure. */
export const toTorchDist = defineStage({
  ...definition,
  input: z.strictObject({ model: model.describe(sourceText), extraState, ...referenceFields }),
  output: z.object({ checkpoint }),
  plan: (input): Promise<PlanAction[]> => planThere(input.model, input),
  run: async (input, context: StageContext) => ({
    checkpoint: await there(input.model, input, context),
  }),
});

/** `convert --to hf` for pipelines. */
export const toHf = defineStage({
  ...definition,
  input: z.strictObject({
    checkpoint: checkpoint.describe(checkpointText),
    model: model.describe(sourceText),
    ...referenceFields,
  }),
  output: z.object({ model }),
  plan: (input): Promise<PlanAction[]> => planBack(input.checkpoint, input),
  run: async (input, context: StageContext) => ({
    model: await back(input.checkpoint, input.model, input, context),
  }),
});

// The work is imported where it is needed: `--help` and a cached run read only the schemas.
async function planThere(
  source: Artifact<"hf-model">,
  settings: ReferenceSettings,
): Promise<PlanAction[]> {
  const { planToTorchDist } = await import("./model/plan.ts");
  const actions = await planToTorchDist(source);
  if (settings.backend === "native") return actions;
  const { planReference } = await import("./reference/plan.ts");
  return planReference("torch_dist", settings, actions);
}

async function planBack(
  trained: Artifact<"torch-dist">,
  settings: ReferenceSettings,
): Promise<PlanAction[]> {
  const { planToHf } = await import("./megatron/plan.ts");
  const actions = await planToHf(trained);
  if (settings.backend === "native") return actions;
  const { planReference } = await import("./reference/plan.ts");
  return planReference("hf", settings, actions);
}

async function there(
  source: Artifact<"hf-model">,
  input: ReferenceSettings & { readonly extraState: boolean },
  context: StageContext,
): Promise<Artifact<"torch-dist">> {
  if (input.backend === "native") {
    const { toTorchDistCheckpoint } = await import("./model/to-torch-dist.ts");
    return await toTorchDistCheckpoint(source, input, context);
  }
  if (input.extraState)
    throw new UsageError("CONVERT_INPUT", "Megatron writes its extra states itself.", {
      field: "extraState",
      hint: "Leave --extra-state out with --backend megatron.",
    });
  const { referenceToTorchDist } = await import("./reference/to-torch-dist.ts");
  return await referenceToTorchDist(source, input, context);
}

async function back(
  trained: Artifact<"torch-dist">,
  source: Artifact<"hf-model">,
  input: ReferenceSettings,
  context: StageContext,
): Promise<Artifact<"hf-model">> {
  if (input.backend === "native") {
    const { toHfModel } = await import("./megatron/to-hf-model.ts");
    return await toHfModel(trained, source, context);
  }
  const { referenceToHf } = await import("./reference/to-hf.ts");
  return await referenceToHf(trained, source, input, context);
}

function required<K extends string>(value: Artifact<K> | undefined, field: string): Artifact<K> {
  if (value !== undefined) return value;
  throw new UsageError("CONVERT_INPUT", `--${field} is missing.`, {
    field,
    hint: field === "model" ? sourceText : checkpointText,
  });
}
