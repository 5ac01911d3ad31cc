import { existsSync } from "node:fs";
import { join } from "node:path";
import { readJson, UsageError, validate, VerificationError } from "@moonlight-rl/core";
import {
  catalogueFaults,
  nameFaults,
  openHfModel,
  type CatalogueFault,
} from "@moonlight-rl/checkpoint";
import { countParameters, hfConfigSchema, type HfConfig } from "@moonlight-rl/model";
import { z } from "zod";

/** The architecture whose tensors the catalogue names. */
const FAMILY = "deepseek_v3";
const CLASS = "DeepseekV3ForCausalLM";

const familySchema = z.looseObject({
  model_type: z.string().optional(),
  architectures: z.array(z.string()).nullish(),
  quantization_config: z.unknown().optional(),
});
const indexSchema = z.looseObject({ weight_map: z.record(z.string(), z.string()) });

/** What was found in a model's weights. */
export interface WeightsReport {
  readonly tensors: number;
  /** Of tensor data. */
  readonly bytes: number;
  readonly parameters: number;
}

/** Whether config.json describes a model that the pipeline can train; asked before gigabytes are fetched. */
export async function checkConfig(folder: string): Promise<HfConfig> {
  const file = join(folder, "config.json");
  const raw = await readJson(file, familySchema, {
    what: "config.json",
    code: "MODEL_CONFIG_INVALID",
  });
  const names = [raw.model_type ?? "", ...(raw.architectures ?? [])];
  if (!names.includes(FAMILY) && !names.includes(CLASS))
    throw new UsageError(
      "MODEL_FAMILY_UNKNOWN",
      `The model is ${names.filter((name) => name !== "").join(", ") || "of no named family"}; the pipeline knows ${FAMILY} (${CLASS}).`,
      {
        file,
        field: "model_type",
        hint: "Moonlight-16B-A3B and models of its architecture can be trained; nothing of this one's weights was fetched.",
      },
    );
  if (raw.quantization_config !== undefined && raw.quantization_config !== null)
    throw new UsageError("MODEL_QUANTIZED", "The model's weights are quantised.", {
      file,
      field: "quantization_config",
      hint: "Take a checkpoint in bfloat16, or dequantise this one first.",
    });
  return validate(hfConfigSchema, raw, {
    what: "config.json",
    code: "MODEL_CONFIG_INVALID",
    file,
  });
}

/** Compares the names in an index, where there is one, with the catalogue: needs no shard. Errors: `TENSOR_MISSING`, `TENSOR_UNEXPECTED`. */
export async function checkIndex(folder: string, config: HfConfig): Promise<void> {
  const file = join(folder, "model.safetensors.index.json");
  if (!existsSync(file)) return;
  const { weight_map } = await readJson(file, indexSchema, {
    what: "model.safetensors.index.json",
    code: "MODEL_INDEX_INVALID",
    content: true,
  });
  refuse(nameFaults(config, new Set(Object.keys(weight_map))), file);
}

/**
 * The headers of all shards parse, index and shards name the same tensors, each once, and every tensor is what the catalogue
 * says. Values of tensors are not read.
 */
export async function checkWeights(folder: string): Promise<WeightsReport> {
  const model = await openHfModel(folder);
  refuse(catalogueFaults(model.config, model.tensors), folder);
  let bytes = 0;
  for (const tensor of model.tensors.values()) bytes += tensor.byteLength;
  return { tensors: model.tensors.size, bytes, parameters: countParameters(model.config).total };
}

/** Tells the first fault, how many more there are, and a few of their names. */
function refuse(faults: readonly CatalogueFault[], file: string): void {
  const [first, ...others] = faults;
  if (first === undefined) return;
  const names = others.slice(0, 4).map(({ tensor }) => tensor);
  const more =
    others.length === 0
      ? ""
      : ` (and ${others.length} more: ${names.join(", ")}${others.length > names.length ? ", …" : ""})`;
  throw new VerificationError(first.code, `${first.message}${more}.`, {
    field: first.tensor,
    file: first.file ?? file,
    ...(first.byteOffset === undefined ? {} : { byteOffset: first.byteOffset }),
    hint: "config.json and the weights do not belong together, or the checkpoint is damaged where it comes from.",
  });
}
