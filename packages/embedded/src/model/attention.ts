import type { HfConfig } from "@moonlight-rl/model";
import { add, matmul, scaleBy } from "../autodiff/linear.ts";
import { rmsNorm } from "../autodiff/norm.ts";
import { concat, reshape, split, transpose2d } from "../autodiff/shape.ts";
import type { Tape } from "../autodiff/tape.ts";
import type { Value } from "../onnx/graph.ts";
import type { GraphParameters } from "./parameters.ts";
import { quarterTurn } from "./rope.ts";

/**
 * The weights of one attention layer after absorption: queries and outputs act on the latent directly, so that every
 * head shares one key of kv_lora_rank + qk_rope_head_dim numbers per token, in training as in decoding.
 */
export interface AbsorbedAttention {
  /** Rows: latent queries of all heads, their RoPE parts, the key's RoPE part, both RoPE parts a quarter turn on, the latent. */
  readonly input: Value;
  /** [heads · kv_lora_rank, hidden] */
  readonly output: Value;
}

/** What {@link projectAttention} makes of N tokens. */
export interface Projection {
  /** [N, heads, kv_lora_rank + qk_rope_head_dim], softmax scale included. */
  readonly query: Value;
  /** [N, kv_lora_rank], normalised. */
  readonly latent: Value;
  /** [N, kv_lora_rank + qk_rope_head_dim]: the latent and the rotated part of the key. */
  readonly key: Value;
}

/** RoPE factors of each token, repeated for every head and once more for the key: [N, (heads + 1) · qk_rope_head_dim]. */
export interface RopeFactors {
  readonly cos: Value;
  readonly sin: Value;
}

/** Derives the absorbed weights; a few small products, so it is done inside every graph that trains. */
export function absorbAttention(
  tape: Tape,
  config: HfConfig,
  parameters: GraphParameters,
  prefix: string,
): AbsorbedAttention {
  const {
    hidden_size: hidden,
    num_attention_heads: heads,
    kv_lora_rank: latent,
    qk_nope_head_dim: nope,
    qk_rope_head_dim: rope,
    v_head_dim: value,
  } = config;
  const scale = (nope + rope) ** -0.5;
  const turn = quarterTurn(tape, rope);
  const turned = (weights: Value): Value => matmul(tape, turn, weights);
  const flat = (weights: Value, rows: number): Value => reshape(tape, weights, [rows, hidden]);

  const query = parameters.get(`${prefix}.q_proj.weight`, [heads, nope + rope, hidden]);
  const [queryNope, queryRope] = split(tape, query, [nope, rope], 1) as [Value, Value];
  const keyAndValue = parameters.get(`${prefix}.kv_b_proj.weight`, [heads, nope + value, latent]);
  const [keyUp, valueUp] = split(tape, keyAndValue, [nope, value], 1) as [Value, Value];
  const down = parameters.get(`${prefix}.kv_a_proj_with_mqa.weight`);
  const [latentDown, keyRope] = split(tape, down, [latent, rope], 0) as [Value, Value];

  const scaledRope = scaleBy(tape, queryRope, scale);
  const input = concat(
    tape,
    [
      flat(matmul(tape, keyUp, queryNope, { transA: true, scale }), heads * latent),
      flat(scaledRope, heads * rope),
      keyRope,
      flat(turned(scaledRope), heads * rope),
      turned(keyRope),
      latentDown,
    ],
    0,
  );
  const out = reshape(tape, transpose2d(tape, parameters.get(`${prefix}.o_proj.weight`)), [
    heads,
    value,
    hidden,
  ]);
  return { input, output: flat(matmul(tape, valueUp, out, { transA: true }), heads * latent) };
}

/** Queries, latents and keys of the tokens x [N, hidden]. */
export function projectAttention(
  tape: Tape,
  config: HfConfig,
  x: Value,
  weights: AbsorbedAttention,
  latentGain: Value,
  factors: RopeFactors,
): Projection {
  const {
    num_attention_heads: heads,
    kv_lora_rank: latent,
    qk_rope_head_dim: rope,
    rms_norm_eps: epsilon,
  } = config;
  const [rows] = x.shape as [string];
  const [queryLatent, straight, turned, raw] = split(
    tape,
    matmul(tape, x, weights.input, { transB: true }),
    [heads * latent, (heads + 1) * rope, (heads + 1) * rope, latent],
    1,
  ) as [Value, Value, Value, Value];
  const rotated = add(
    tape,
    scaleBy(tape, straight, factors.cos),
    scaleBy(tape, turned, factors.sin),
  );
  const [queryRope, keyRope] = split(tape, rotated, [heads * rope, rope], 1) as [Value, Value];
  const normalised = rmsNorm(tape, raw, latentGain, epsilon);
  return {
    query: concat(
      tape,
      [
        reshape(tape, queryLatent, [rows, heads, latent]),
        reshape(tape, queryRope, [rows, heads, rope]),
      ],
      2,
    ),
    latent: normalised,
    key: concat(tape, [normalised, keyRope], 1),
  };
}
