import type { HfConfig } from "@moonlight-rl/model";
import { matmul, scaleBy } from "../autodiff/linear.ts";
import { rmsNorm } from "../autodiff/norm.ts";
import { rotary, type RotaryAngles } from "../autodiff/rotary.ts";
import { concat, reshape, split, transpose2d } from "../autodiff/shape.ts";
import type { Tape } from "../autodiff/tape.ts";
import type { Value } from "../onnx/graph.ts";
import { LATENT_EPSILON } from "./latent-epsilon.ts";
import type { GraphParameters } from "./parameters.ts";
import { ropeSettings } from "./rope-scaling.ts";

/**
 * The weights of one attention layer after absorption: queries and outputs act on the latent directly, so that every
 * head shares one key of kv_lora_rank + qk_rope_head_dim numbers per token, in training as in decoding.
 */
export interface AbsorbedAttention {
  /**
   * On the hidden state. Rows: latent queries of all heads, their RoPE parts, the key's RoPE part, the latent. With
   * q_lora_rank: the query's latent instead of all that belongs to queries.
   */
  readonly input: Value;
  /** Only with q_lora_rank, on the normalised query latent: what `input` has of queries otherwise, in the same order. */
  readonly query?: Value;
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
  const scale = (nope + rope) ** -0.5 * ropeSettings(config).scoreFactor;
  const flat = (weights: Value, rows: number, columns = hidden): Value =>
    reshape(tape, weights, [rows, columns]);

  const rank = config.q_lora_rank ?? undefined;
  const query = parameters.get(`${prefix}.${rank === undefined ? "q_proj" : "q_b_proj"}.weight`, [
    heads,
    nope + rope,
    rank ?? hidden,
  ]);
  const [queryNope, queryRope] = split(tape, query, [nope, rope], 1) as [Value, Value];
  const keyAndValue = parameters.get(`${prefix}.kv_b_proj.weight`, [heads, nope + value, latent]);
  const [keyUp, valueUp] = split(tape, keyAndValue, [nope, value], 1) as [Value, Value];
  const down = parameters.get(`${prefix}.kv_a_proj_with_mqa.weight`);
  const [latentDown, keyRope] = split(tape, down, [latent, rope], 0) as [Value, Value];

  const latentQuery = flat(
    matmul(tape, keyUp, queryNope, { transA: true, scale }),
    heads * latent,
    rank,
  );
  const ropeQuery = flat(scaleBy(tape, queryRope, scale), heads * rope, rank);
  const join = (...parts: Value[]): Value => concat(tape, parts, 0);
  const out = reshape(tape, transpose2d(tape, parameters.get(`${prefix}.o_proj.weight`)), [
    heads,
    value,
    hidden,
  ]);
  const output = flat(matmul(tape, valueUp, out, { transA: true }), heads * latent);
  if (rank === undefined) {
    return {
      input: join(latentQuery, ropeQuery, keyRope, latentDown),
      output,
    };
  }
  return {
    input: join(parameters.get(`${prefix}.q_a_proj.weight`), keyRope, latentDown),
    query: join(latentQuery, ropeQuery),
    output,
  };
}

/** Queries, latents and keys of the tokens x [N, hidden]. */
export function projectAttention(
  tape: Tape,
  config: HfConfig,
  parameters: GraphParameters,
  prefix: string,
  x: Value,
  weights: AbsorbedAttention,
  angles: RotaryAngles,
): Projection {
  const { num_attention_heads: heads, kv_lora_rank: latent, qk_rope_head_dim: rope } = config;
  const [rows] = x.shape as [string];
  const norm = (value: Value, name: string): Value =>
    rmsNorm(tape, value, parameters.get(`${prefix}.${name}.weight`), LATENT_EPSILON);
  const { queryLatent, ropes, raw } = linearParts(tape, config, x, weights, norm);
  const rotated = rotary(tape, ropes, angles);
  const [queryRope, keyRope] = split(tape, rotated, [heads * rope, rope], 1) as [Value, Value];
  const normalised = norm(raw, "kv_a_layernorm");
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

/** The products with the absorbed weights: latent queries, RoPE parts of queries and key, the raw latent. */
function linearParts(
  tape: Tape,
  config: HfConfig,
  x: Value,
  weights: AbsorbedAttention,
  norm: (value: Value, name: string) => Value,
): Record<"queryLatent" | "ropes" | "raw", Value> {
  const { num_attention_heads: heads, kv_lora_rank: latent, qk_rope_head_dim: rope } = config;
  const parts = (input: Value, matrix: Value, sizes: readonly number[]): Value[] =>
    split(tape, matmul(tape, input, matrix, { transB: true }), sizes, 1);
  if (weights.query === undefined) {
    const sizes = [heads * latent, (heads + 1) * rope, latent];
    const [queryLatent, ropes, raw] = parts(x, weights.input, sizes) as [Value, Value, Value];
    return { queryLatent, ropes, raw };
  }
  const [queryDown, keyRope, raw] = parts(x, weights.input, [
    config.q_lora_rank ?? 0,
    rope,
    latent,
  ]) as [Value, Value, Value];
  const [queryLatent, queryRope] = parts(norm(queryDown, "q_a_layernorm"), weights.query, [
    heads * latent,
    heads * rope,
  ]) as [Value, Value];
  return { queryLatent, ropes: concat(tape, [queryRope, keyRope], 1), raw };
}
