import type { HfConfig } from "@moonlight-rl/model";
import type { Layout } from "./layout.ts";
import { modelSize } from "./model-size.ts";

/** Elements that one rank of a pipeline stage holds. */
export interface StageParameters {
  /** Everything but routed experts; same on all ranks of the stage up to tensor-parallel position. */
  readonly dense: number;
  /** Routed experts. */
  readonly expert: number;
}

const EXPERTS = /\.mlp\.experts\./;
/** Held whole by every tensor-parallel rank: norms, the router, and latent attention's down projections. */
const REPLICATED = /layer_?norm|\.router\.|linear_(kv|q)_down_proj\.weight/;

/**
 * Parameters per rank and pipeline stage, from the catalogue of tensors: experts divide over EP × ETP, other matrices
 * over TP, the vocabulary after padding to a multiple of 128 × TP (Megatron-LM training/arguments.py:1771).
 */
export function shardParameters(config: HfConfig, layout: Layout): StageParameters[] {
  const stages = layout.layers.map(() => ({ dense: 0, expert: 0 }));
  const stageOfLayer = layout.layers.flatMap((count, stage) => Array<number>(count).fill(stage));
  const lastStage = stages.length - 1;
  for (const { key, elements } of modelSize(config).tensors) {
    const layer = /^decoder\.layers\.(\d+)\./.exec(key)?.[1];
    const at =
      layer !== undefined
        ? (stageOfLayer[Number(layer)] ?? lastStage)
        : key.startsWith("embedding.")
          ? 0
          : lastStage;
    const stage = stages[at];
    if (stage === undefined) continue;
    if (EXPERTS.test(key)) stage.expert += elements / (layout.ep * layout.etp);
    else if (REPLICATED.test(key)) stage.dense += elements;
    else if (/^(embedding|output_layer)\./.test(key)) {
      stage.dense += (paddedVocabulary(config, layout.tp) * config.hidden_size) / layout.tp;
    } else stage.dense += elements / layout.tp;
  }
  return stages;
}

/** Rows of the embedding and of the output layer, padded so that they divide over tensor-parallel ranks. */
export function paddedVocabulary(config: HfConfig, tp: number): number {
  const unit = 128 * tp;
  return Math.ceil(config.vocab_size / unit) * unit;
}
