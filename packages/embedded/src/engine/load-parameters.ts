import { VerificationError } from "@moonlight-rl/core";
import {
  contentBlocks,
  fromFloat32,
  hfSources,
  openHfModel,
  openTorchDist,
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
  const sources = [...model.tensors].map(([name, { shape, dtype }]) => {
    return { name, shape, dtype, read: () => model.read(name) };
  });
  return { config: model.config, parameters: await flatten(model.config, sources, modelDir) };
}

/**
 * Reads a torch_dist checkpoint of a model into the flat array: the folder's latest iteration, or the folder of an iteration.
 * Throws `ENGINE_MODEL_UNSUPPORTED`, `ENGINE_TENSOR_MISMATCH`, and what `openTorchDist` and `hfSources` throw.
 */
export async function loadTorchDistParameters(
  config: HfConfig,
  folder: string,
): Promise<Float32Array> {
  const checkpoint = await openTorchDist(folder);
  try {
    return await flatten(config, hfSources(config, checkpoint), checkpoint.folder);
  } finally {
    await checkpoint.close();
  }
}

async function flatten(
  config: HfConfig,
  sources: readonly TensorSource[],
  folder: string,
): Promise<Float32Array> {
  const layout = parameterLayout(config);
  const named = new Map(sources.map((source) => [source.name, source]));
  const parameters = new Float32Array(layout.total);
  for (const { name, shape, offset } of layout.entries) {
    const source = named.get(name);
    if (source === undefined || source.shape.join() !== shape.join()) {
      throw new VerificationError(
        "ENGINE_TENSOR_MISMATCH",
        `${name}: ${source === undefined ? "missing" : `shape [${source.shape.join(", ")}]`}, but config.json asks for [${shape.join(", ")}]`,
        { field: name, file: folder, hint: "Weights and config.json do not belong together." },
      );
    }
    parameters.set(toFloat32(await whole(source), source.dtype), offset);
  }
  return parameters;
}

async function whole(source: TensorSource): Promise<Uint8Array> {
  const blocks: Uint8Array[] = [];
  for await (const block of contentBlocks(source.read())) blocks.push(block);
  return blocks.length === 1 ? (blocks[0] as Uint8Array) : Buffer.concat(blocks);
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
