import type { HfConfig } from "@moonlight-rl/model";
import { PANEL } from "../kernels/linear.ts";
import { isMoeLayer } from "../model/layout.ts";
import type { Arena } from "./arena.ts";

const FLOAT = 4;

/** A matrix in memory, as panels of {@link PANEL} columns: [panels, length, PANEL]. */
export interface Matrix {
  readonly address: number;
  /** Rows: the length of what is multiplied by it. */
  readonly length: number;
  readonly panels: number;
}

/** SwiGLU's matrices; a panel of `gateUp` has four columns of gates and the four of their values. */
export interface MlpPlan {
  readonly gateUp: Matrix;
  readonly down: Matrix;
}

export interface LayerPlan {
  /** Query, latent and key; with q_lora_rank the query's latent, latent and key. */
  readonly input: Matrix;
  /** With q_lora_rank: the query from its latent. */
  readonly query: Matrix | undefined;
  /** Gain of the latent, `dims.latent` numbers. */
  readonly latentGain: number;
  readonly output: Matrix;
  /** The dense part, or what all tokens share. */
  readonly dense: MlpPlan | undefined;
  readonly routed: RoutedPlan | undefined;
}

export interface RoutedPlan {
  readonly router: Matrix;
  /** Address of one number per expert. */
  readonly bias: number;
  readonly experts: readonly MlpPlan[];
}

/** Lengths of rows in memory. Where they are more than the model's own, the rest is zero. */
export interface Dims {
  readonly hidden: number;
  readonly latent: number;
  /** Of a query and a key: latent and RoPE part. */
  readonly key: number;
  /** Of the query's latent; 0 without. */
  readonly queryLatent: number;
  readonly vocabulary: number;
  /** Of what a layer's first product gives. */
  readonly projected: number;
  /** Of the widest SwiGLU. */
  readonly inner: number;
}

/** Where the weights are. Norm gains other than the latent's are part of the matrices that follow. */
export interface ModelPlan {
  readonly dims: Dims;
  readonly embedding: number;
  readonly layers: readonly LayerPlan[];
  readonly head: Matrix;
}

export function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}

/** Takes memory for a model's weights. Throws `ENGINE_MEMORY`. */
export function planModel(config: HfConfig, arena: Arena): ModelPlan {
  const {
    num_attention_heads: heads,
    qk_rope_head_dim: rope,
    n_routed_experts: experts,
    moe_intermediate_size: expertWidth,
  } = config;
  const hidden = roundUp(config.hidden_size, PANEL);
  const latent = roundUp(config.kv_lora_rank, PANEL);
  const queryLatent = roundUp(config.q_lora_rank ?? 0, PANEL);
  const key = latent + rope;
  const queries = heads * key;
  const floats = (count: number): number => arena.allocate(count * FLOAT);
  const matrix = (length: number, columns: number): Matrix => {
    const panels = Math.ceil(columns / PANEL);
    return { address: floats(panels * PANEL * length), length, panels };
  };
  const mlp = (width: number): MlpPlan => {
    const inner = roundUp(width, PANEL / 2);
    return { gateUp: matrix(hidden, 2 * inner), down: matrix(inner, hidden) };
  };
  const sharedWidth = config.n_shared_experts * expertWidth;
  let inner = 0;
  const layers = Array.from({ length: config.num_hidden_layers }, (_, layer): LayerPlan => {
    const routed = isMoeLayer(config, layer);
    const denseWidth = routed ? sharedWidth : config.intermediate_size;
    inner = Math.max(inner, roundUp(denseWidth, PANEL), routed ? roundUp(expertWidth, PANEL) : 0);
    return {
      input: matrix(hidden, (queryLatent === 0 ? queries : queryLatent) + key),
      query: queryLatent === 0 ? undefined : matrix(queryLatent, queries),
      latentGain: floats(latent),
      output: matrix(heads * latent, hidden),
      dense: denseWidth === 0 ? undefined : mlp(denseWidth),
      routed: routed
        ? {
            router: matrix(hidden, experts),
            bias: floats(experts),
            experts: Array.from({ length: experts }, () => mlp(expertWidth)),
          }
        : undefined,
    };
  });
  return {
    dims: {
      hidden,
      latent,
      key,
      queryLatent,
      vocabulary: roundUp(config.vocab_size, PANEL),
      projected: roundUp((queryLatent === 0 ? queries : queryLatent) + key, PANEL),
      inner,
    },
    embedding: floats(config.vocab_size * hidden),
    layers,
    head: matrix(hidden, config.vocab_size),
  };
}
