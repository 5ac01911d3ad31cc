import { VerificationError } from "@moonlight-rl/core";
import { hfTensors, megatronTensors, type HfConfig } from "@moonlight-rl/model";
import { fromFloat32, toFloat32, type Dtype } from "../dtype.ts";
import { contentBlocks, type TensorContent, type TensorSource } from "../tensor-source.ts";
import type { Region, ShardedTensorSource } from "../torch-dist/layout.ts";
import type { TorchDist } from "../torch-dist/open.ts";

/** A Hugging Face tensor that can be read by name. */
export interface NamedTensors {
  /** The dtype that the tensor is stored in, or undefined when there is no such tensor. */
  dtypeOf(name: string): Dtype | undefined;
  read(name: string): TensorContent;
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
        return {
          offsets,
          sizes,
          read: () =>
            dtype === stored ? source.read(hf.name) : recast(source.read(hf.name), dtype, stored),
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
  const places = new Map<string, { key: string; region: Region }>();
  for (const { key, shape, chunks } of megatronTensors(config)) {
    const stored = checkpoint.tensors.get(key);
    if (stored === undefined)
      throw new VerificationError("TENSOR_MISSING", `The checkpoint has no tensor ${key}.`, {
        field: key,
        file: checkpoint.folder,
      });
    if (stored.shape.join() !== shape.join()) {
      throw new VerificationError(
        "TENSOR_SHAPE",
        `${key} has shape [${stored.shape.join(", ")}], config.json says [${shape.join(", ")}].`,
        { field: key, file: checkpoint.folder },
      );
    }
    for (const { offsets, sizes, hf } of chunks)
      places.set(hf.name, { key, region: { offsets, sizes } });
  }
  return hfTensors(config).flatMap(({ name, shape }) => {
    const place = places.get(name);
    const stored = place === undefined ? undefined : checkpoint.tensors.get(place.key)?.dtype;
    if (place === undefined || stored === undefined) return [];
    const dtype = dtypeOf(name) ?? stored;
    const blocks = (): TensorContent => checkpoint.regionBlocks(place.key, place.region);
    return [
      {
        name,
        dtype,
        shape,
        read: () => (dtype === stored ? blocks() : recast(blocks(), stored, dtype)),
      },
    ];
  });
}

/** Another dtype, block by block; a block may end within an element. */
async function* recast(content: TensorContent, from: Dtype, to: Dtype): AsyncGenerator<Uint8Array> {
  let rest = new Uint8Array(0);
  const size = from === "F32" ? 4 : 2;
  for await (const block of contentBlocks(content)) {
    const bytes = rest.byteLength === 0 ? block : Buffer.concat([rest, block]);
    const whole = bytes.byteLength - (bytes.byteLength % size);
    yield fromFloat32(toFloat32(bytes.subarray(0, whole), from), to);
    rest = Uint8Array.from(bytes.subarray(whole));
  }
}
