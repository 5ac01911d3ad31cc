import { VerificationError } from "@moonlight-rl/core";
import type { HfConfig, MegatronChunk, MegatronTensor } from "@moonlight-rl/model";
import type { Region, StoredTensor } from "../torch-dist/layout.ts";

/** Where a checkpoint keeps the bytes of one chunk of the catalogue. */
export interface StoredPlace {
  readonly key: string;
  readonly region: Region;
}

/** A way in which Megatron lays out a tensor: its key, its shape, and where a chunk of the catalogue's lies in it. */
interface Layout {
  readonly key: string;
  readonly shape: readonly number[];
  readonly region: Region;
}

/**
 * Finds a chunk in a checkpoint that training has saved: layers indexed (`decoder.layers.3.`) or stacked along a leading axis
 * (`decoder.layers.`, models whose layers are all alike), experts grouped along an axis or each under a key of its own, gate
 * and up in one tensor or in two, and a vocabulary that was padded to a multiple. Errors: `TENSOR_MISSING`, `TENSOR_SHAPE`.
 */
export function storedPlace(
  config: HfConfig,
  tensor: MegatronTensor,
  chunk: MegatronChunk,
  { tensors, folder }: { tensors: ReadonlyMap<string, StoredTensor>; folder: string },
): StoredPlace {
  const layouts = [whole(tensor, chunk), ...perExpert(tensor, chunk)]
    .flatMap((layout) => [layout, ...halved(layout)])
    .flatMap((layout) => [layout, ...stacked(layout, config.num_hidden_layers)]);
  for (const { key, shape, region } of layouts) {
    const stored = tensors.get(key);
    if (stored === undefined) continue;
    if (sameShape(stored.shape, shape) || isPadded(key, stored.shape, shape))
      return { key, region };
    throw new VerificationError(
      "TENSOR_SHAPE",
      `${key} has shape [${stored.shape.join(", ")}], config.json says [${shape.join(", ")}].`,
      { field: key, file: folder },
    );
  }
  throw new VerificationError("TENSOR_MISSING", `The checkpoint has no tensor ${tensor.key}.`, {
    field: tensor.key,
    file: folder,
  });
}

function whole({ key, shape }: MegatronTensor, { offsets, sizes }: MegatronChunk): Layout {
  return { key, shape, region: { offsets, sizes } };
}

/** Keys with the expert's number (`singleton_local_shards`), without the expert axis. */
function perExpert({ key, shape }: MegatronTensor, { offsets, sizes }: MegatronChunk): Layout[] {
  const match = /^(.*\.mlp\.experts\.experts)\.(linear_fc[12]\.weight)$/.exec(key);
  if (match === null) return [];
  return [
    {
      key: `${match[1]}.${offsets[0]}.${match[2]}`,
      shape: shape.slice(1),
      region: { offsets: offsets.slice(1), sizes: sizes.slice(1) },
    },
  ];
}

/** Gate and up projection under keys of their own (`weight_w`, `weight_v`), as Megatron saves them beside such experts. */
function halved({ key, shape, region }: Layout): Layout[] {
  if (!key.endsWith(".linear_fc1.weight")) return [];
  const axis = shape.length - 2;
  const rows = (shape[axis] ?? 0) / 2;
  const first = region.offsets[axis] ?? 0;
  const up = first >= rows;
  return [
    {
      key: `${key}_${up ? "v" : "w"}`,
      shape: shape.with(axis, rows),
      region: {
        offsets: region.offsets.with(axis, up ? first - rows : first),
        sizes: region.sizes,
      },
    },
  ];
}

/** All layers in one tensor. */
function stacked({ key, shape, region }: Layout, layers: number): Layout[] {
  const match = /^decoder\.layers\.(\d+)\.(.*)$/.exec(key);
  if (match === null) return [];
  return [
    {
      key: `decoder.layers.${match[2]}`,
      shape: [layers, ...shape],
      region: {
        offsets: [Number(match[1]), ...region.offsets],
        sizes: [1, ...region.sizes],
      },
    },
  ];
}

/** Rows beyond the vocabulary, which no token uses. */
function isPadded(key: string, stored: readonly number[], shape: readonly number[]): boolean {
  return (
    /^(embedding\.word_embeddings|output_layer)\.weight$/.test(key) &&
    sameShape(stored.slice(1), shape.slice(1)) &&
    (stored[0] ?? 0) > (shape[0] ?? 0)
  );
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.join() === b.join();
}
