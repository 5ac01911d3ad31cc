import { VerificationError } from "@moonlight-rl/core";
import {
  fromFloat32,
  openHfModel,
  toFloat32,
  type Dtype,
  type TensorSource,
} from "@moonlight-rl/checkpoint";
import type { HfConfig } from "@moonlight-rl/model";
import { parameterLayout } from "../model/layout.ts";
import type { ParameterLayout } from "./types.ts";

/**
 * Reads a Hugging Face model folder into the flat array. Throws `ENGINE_MODEL_UNSUPPORTED` for models outside the engine,
 * `ENGINE_TENSOR_MISMATCH` when a tensor is missing or has another shape, and what `openHfModel` throws.
 */
export async function loadParameters(
  modelDir: string,
): Promise<{ readonly config: HfConfig; readonly parameters: Float32Array }> {
  const model = await openHfModel(modelDir);
  const layout = parameterLayout(model.config);
  const parameters = new Float32Array(layout.total);
  for (const { name, shape, offset } of layout.entries) {
    const tensor = model.tensors.get(name);
    if (tensor === undefined || tensor.shape.join() !== shape.join()) {
      throw new VerificationError(
        "ENGINE_TENSOR_MISMATCH",
        `${name}: ${tensor === undefined ? "missing" : `shape [${tensor.shape.join(", ")}]`}, but config.json asks for [${shape.join(", ")}]`,
        {
          field: name,
          file: tensor?.file ?? modelDir,
          hint: "Weights and config.json do not belong together.",
        },
      );
    }
    parameters.set(toFloat32(await model.read(name), tensor.dtype), offset);
  }
  return { config: model.config, parameters };
}

/**
 * The flat array as named tensors of a checkpoint, in the layout's order; rounded to nearest where `dtype` is narrower.
 * The expert bias stays float32, as Megatron keeps it.
 */
export function parameterTensors(
  layout: ParameterLayout,
  parameters: Float32Array,
  dtype: Dtype,
): TensorSource[] {
  return layout.entries.map(({ name, shape, offset, size, trainable }) => {
    const stored = trainable ? dtype : "F32";
    return {
      name,
      shape: [...shape],
      dtype: stored,
      read: () => fromFloat32(parameters.slice(offset, offset + size), stored),
    };
  });
}
