import type { HfConfig } from "@moonlight-rl/model";
import { rolloutArithmetic } from "../arithmetic.ts";
import type { Recipe } from "../schema.ts";

/** The sizes of the trainer's process groups. GPUs, except `layers`. */
export interface Layout {
  readonly tp: number;
  readonly pp: number;
  readonly cp: number;
  readonly ep: number;
  readonly etp: number;
  /** Ranks that hold the same dense weights and share their optimizer states: DP × CP. */
  readonly denseReplicas: number;
  /** Ranks that hold the same experts. */
  readonly expertReplicas: number;
  readonly worldSize: number;
  readonly gpusPerNode: number;
  /** Layers of each pipeline stage, in order. */
  readonly layers: readonly number[];
  /** Micro-batches whose activations the first stage keeps at once (1F1B; interleaved: a share more). */
  readonly microBatchesInFlight: number;
}

/** A layout of whole numbers even for a recipe that breaks a rule, so that a plan can always be drawn. */
export function layoutOf(recipe: Recipe, config: HfConfig): Layout {
  const { parallelism: p, cluster } = recipe;
  const { worldSize } = rolloutArithmetic(recipe);
  const [tp, pp, cp, ep, etp] = [
    p.tensorModelParallelSize,
    p.pipelineModelParallelSize,
    p.contextParallelSize,
    p.expertModelParallelSize,
    p.expertTensorParallelSize,
  ].map((size) => Math.max(1, size)) as [number, number, number, number, number];
  const layers = layersPerStage(recipe, config.num_hidden_layers, pp);
  const chunk = p.numLayersPerVirtualPipelineStage;
  const chunks = chunk === null ? 1 : Math.max(1, Math.round(Math.max(...layers) / chunk));
  return {
    tp,
    pp,
    cp,
    ep,
    etp,
    denseReplicas: Math.max(1, Math.floor(worldSize / (tp * pp))),
    expertReplicas: Math.max(1, Math.floor(worldSize / (etp * ep * pp))),
    worldSize,
    gpusPerNode: cluster.actorNumGpusPerNode,
    layers,
    microBatchesInFlight: pp === 1 ? 1 : chunks === 1 ? pp : pp * (1 + (pp - 1) / (pp * chunks)),
  };
}

function layersPerStage({ parallelism: p }: Recipe, total: number, pp: number): number[] {
  const first = p.decoderFirstPipelineNumLayers;
  const last = p.decoderLastPipelineNumLayers;
  if (pp === 1) return [total];
  const middle = pp - (first === null ? 0 : 1) - (last === null ? 0 : 1);
  const rest = total - (first ?? 0) - (last ?? 0);
  const each = middle === 0 ? 0 : Math.ceil(rest / middle);
  return [
    ...(first === null ? [] : [first]),
    ...Array.from({ length: middle }, (_, i) => Math.max(0, Math.min(each, rest - i * each))),
    ...(last === null ? [] : [last]),
  ];
}
