import { UsageError } from "@moonlight-rl/core";
import type { HfConfig } from "@moonlight-rl/model";
import { z } from "zod";

/** What the rotary embedding of a model is made of. */
export interface RopeSettings {
  /** Radians per position of each pair of columns, [qk_rope_head_dim / 2], in float32. */
  readonly frequencies: Float32Array;
  /** Factor on cosines and sines. */
  readonly rotaryFactor: number;
  /** Factor on the softmax scale. */
  readonly scoreFactor: number;
}

const positive = z.number().positive();

/** `rope_scaling`, or `rope_parameters` as newer releases of transformers write it. */
const scalingSchema = z
  .looseObject({
    type: z.string().optional(),
    rope_type: z.string().optional(),
    factor: positive.nullish(),
    original_max_position_embeddings: positive.nullish(),
    beta_fast: positive.nullish(),
    beta_slow: positive.nullish(),
    mscale: z.number().nullish(),
    mscale_all_dim: z.number().nullish(),
    attention_factor: positive.nullish(),
    truncate: z.boolean().nullish(),
    rope_theta: positive.nullish(),
  })
  .transform(({ type, rope_type: ropeType, ...rest }) => ({
    ...rest,
    kind: ropeType ?? type ?? "default",
  }));
type Scaling = z.output<typeof scalingSchema>;

/**
 * Frequencies and factors of plain, linearly scaled and YaRN-scaled RoPE, as transformers computes them
 * (modeling_rope_utils.py, and DeepSeek-V3's softmax scale). Throws `ENGINE_MODEL_UNSUPPORTED` for other kinds.
 */
export function ropeSettings(config: HfConfig): RopeSettings {
  const field = config.rope_scaling == null ? "rope_parameters" : "rope_scaling";
  const parsed = scalingSchema.safeParse(config[field] ?? {});
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw unsupported([field, ...(issue?.path ?? [])].join("."), issue?.message ?? "invalid");
  }
  const scaling = parsed.data;
  const dims = config.qk_rope_head_dim;
  const theta = scaling.rope_theta ?? config.rope_theta;
  const plain = Array.from({ length: dims / 2 }, (_, pair) =>
    Math.fround(theta ** Math.fround((2 * pair) / dims)),
  );
  if (scaling.kind === "default") {
    return { frequencies: inverse(plain, 1), rotaryFactor: 1, scoreFactor: 1 };
  }
  if (scaling.kind !== "linear" && scaling.kind !== "yarn") {
    throw unsupported(`${field}.type`, `${JSON.stringify(scaling.kind)} is not supported`);
  }
  const original = scaling.original_max_position_embeddings ?? config.max_position_embeddings;
  const factor = scaling.factor ?? config.max_position_embeddings / original;
  const scoreFactor = scaling.mscale_all_dim ? magnitude(factor, scaling.mscale_all_dim) ** 2 : 1;
  if (scaling.kind === "linear") {
    return { frequencies: inverse(plain, factor), rotaryFactor: 1, scoreFactor };
  }
  const ramp = correctionRamp(scaling, dims, theta, original);
  const [slow, fast] = [inverse(plain, factor), inverse(plain, 1)];
  return {
    frequencies: fast.map(
      (value, pair) =>
        (slow[pair] ?? NaN) * (ramp[pair] ?? NaN) + value * (1 - (ramp[pair] ?? NaN)),
    ),
    rotaryFactor: scaling.attention_factor ?? rotaryFactor(scaling, factor),
    scoreFactor,
  };
}

/** 1 / (factor · value), each step in float32. */
function inverse(values: readonly number[], factor: number): Float32Array {
  return Float32Array.from(values, (value) => 1 / Math.fround(factor * value));
}

/** YaRN's growth of attention magnitudes with the context. */
function magnitude(factor: number, weight: number): number {
  return factor <= 1 ? 1 : 0.1 * weight * Math.log(factor) + 1;
}

function rotaryFactor({ mscale, mscale_all_dim: allDims }: Scaling, factor: number): number {
  return mscale && allDims
    ? magnitude(factor, mscale) / magnitude(factor, allDims)
    : magnitude(factor, 1);
}

/** Per pair, how much of its frequency is interpolated: 0 for those that turn often within the original context, 1 for slow ones. */
function correctionRamp(
  { beta_fast, beta_slow, truncate }: Scaling,
  dims: number,
  theta: number,
  original: number,
): number[] {
  const pairOf = (turns: number): number =>
    (dims * Math.log(original / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
  const [first, last] = [pairOf(beta_fast ?? 32), pairOf(beta_slow ?? 1)];
  const whole = truncate ?? true;
  const low = Math.max(whole ? Math.floor(first) : first, 0);
  const high = Math.min(whole ? Math.ceil(last) : last, dims - 1);
  const width = low === high ? 0.001 : high - low;
  return Array.from({ length: dims / 2 }, (_, pair) =>
    Math.min(1, Math.max(0, (pair - low) / width)),
  );
}

function unsupported(field: string, reason: string): UsageError {
  return new UsageError(
    "ENGINE_MODEL_UNSUPPORTED",
    `config.json: ${field}: ${reason} (embedded engine)`,
    {
      field,
      hint: "Plain, linear and YaRN RoPE are computed here; use the miles backend for others.",
    },
  );
}
