import { VerificationError } from "@moonlight-rl/core";
import { hfTensors, megatronTensors, type HfConfig } from "@moonlight-rl/model";
import type { Dtype } from "../dtype.ts";
import { recast } from "../recast.ts";
import { contentBlocks, type TensorContent, type TensorSource } from "../tensor-source.ts";
import type { StoredContent } from "../transfer/stored-content.ts";
import type { ShardedTensorSource } from "../torch-dist/layout.ts";
import type { TorchDist } from "../torch-dist/open.ts";
import { storedPlace, type StoredPlace } from "./stored-place.ts";

/** A Hugging Face tensor that can be read by name. */
export interface NamedTensors {
  /** The dtype that the tensor is stored in, or undefined when there is no such tensor. */
  dtypeOf(name: string): Dtype | undefined;
  read(name: string): TensorContent;
  /** Where its bytes lie, if they lie in files. */
  stored?(name: string): StoredContent;
}

/**
 * The model's tensors as Megatron stores them, filled from Hugging Face tensors: bytes are copied, except that what Megatron
 * keeps in float32 (the router's expert bias) is widened, which is exact.
 */
export function megatronSources(config: HfConfig, source: NamedTensors): ShardedTensorSource[] {
  return megatronTensors(config).map((tensor) => {
    const dtypes = tensor.chunks.map(({ hf }) => {
      const dtype = source.dtypeOf(hf.name);
      if (dtype === undefined)
        throw new VerificationError("TENSOR_MISSING", `The model has no tensor ${hf.name}.`, {
          field: hf.name,
          hint: "config.json promises it: the download is incomplete, or the config is another model's.",
        });
      return dtype;
    });
    const stored = tensor.dtype === "float32" ? "F32" : (dtypes[0] ?? "BF16");
    return {
      key: tensor.key,
      dtype: stored,
      shape: tensor.shape,
      chunks: tensor.chunks.map(({ offsets, sizes, hf }, i) => {
        const dtype = dtypes[i] ?? stored;
        if (dtype !== stored && tensor.dtype !== "float32") {
          throw new VerificationError(
            "TENSOR_DTYPE",
            `${hf.name} is ${dtype}; ${tensor.chunks[0]?.hf.name}, which Megatron stores in the same tensor, is ${stored}.`,
            { field: hf.name },
          );
        }
        const content = source.stored?.(hf.name);
        return {
          offsets,
          sizes,
          ...(content === undefined ? {} : { stored: content }),
          read: () =>
            dtype === stored
              ? source.read(hf.name)
              : recast(contentBlocks(source.read(hf.name)), dtype, stored),
        };
      }),
    };
  });
}

/**
 * The Hugging Face tensors of a Megatron checkpoint, in the catalogue's order; optimizer states and other keys are left.
 * `dtypeOf` says the dtype to write each in (default: as stored).
 */
export function hfSources(
  config: HfConfig,
  checkpoint: TorchDist,
  dtypeOf: (name: string) => Dtype | undefined = () => undefined,
): TensorSource[] {
  const places = new Map<string, StoredPlace>();
  for (const tensor of megatronTensors(config))
    for (const chunk of tensor.chunks)
      places.set(chunk.hf.name, storedPlace(config, tensor, chunk, checkpoint));
  return hfTensors(config).flatMap(({ name, shape }) => {
    const place = places.get(name);
    const stored = place === undefined ? undefined : checkpoint.tensors.get(place.key)?.dtype;
    if (place === undefined || stored === undefined) return [];
    const dtype = dtypeOf(name) ?? stored;
    const blocks = (): AsyncGenerator<Uint8Array> =>
      checkpoint.regionBlocks(place.key, place.region);
    return [
      {
        name,
        dtype,
        shape,
        stored: checkpoint.stored(place.key, place.region, name),
        read: () => (dtype === stored ? blocks() : recast(blocks(), stored, dtype)),
      },
    ];
  });
}
