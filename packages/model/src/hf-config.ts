import { validate } from "@moonlight-rl/core";
import { z } from "zod";

const count = z.int().positive();

/** `model_type`s whose weights have DeepSeek-V3's names and shapes. */
const MODEL_TYPES = ["deepseek_v3", "kimi_k2"] as const;

const unquantised =
  "the weights are quantised, which is not supported: dequantise them to bfloat16 first";

/**
 * The part of a Hugging Face `config.json` that defines a Moonlight (DeepSeek-V3-type) model.
 * Names are the file's own; unknown keys are kept, since converters must copy them.
 */
export const hfConfigSchema = z.looseObject({
  architectures: z.array(z.string()).optional(),
  model_type: z.enum(MODEL_TYPES, {
    error: ({ input }) =>
      `${JSON.stringify(input)} is not supported: only DeepSeek-V3-type models are (${MODEL_TYPES.join(", ")})`,
  }),
  quantization_config: z.null({ error: unquantised }).optional(),
  vocab_size: count,
  hidden_size: count,
  intermediate_size: count,
  moe_intermediate_size: count,
  num_hidden_layers: count,
  num_attention_heads: count,
  num_key_value_heads: count.optional(),
  q_lora_rank: count.nullish(),
  kv_lora_rank: count,
  qk_nope_head_dim: count,
  qk_rope_head_dim: count,
  v_head_dim: count,
  n_routed_experts: count,
  /** 0: routed experts alone. */
  n_shared_experts: z.int().nonnegative(),
  num_experts_per_tok: count,
  first_k_dense_replace: z.int().nonnegative(),
  moe_layer_freq: z.literal(1).default(1),
  routed_scaling_factor: z.number(),
  norm_topk_prob: z.boolean().default(true),
  scoring_func: z.literal("sigmoid").default("sigmoid"),
  topk_method: z.literal("noaux_tc").default("noaux_tc"),
  n_group: count.default(1),
  topk_group: count.default(1),
  rms_norm_eps: z.number(),
  rope_theta: z.number(),
  rope_scaling: z.unknown().optional(),
  tie_word_embeddings: z.boolean().default(false),
  max_position_embeddings: count,
  torch_dtype: z.enum(["bfloat16", "float16", "float32"]).optional(),
  bos_token_id: z.int().nullish(),
  eos_token_id: z.union([z.int(), z.array(z.int())]).nullish(),
  pad_token_id: z.int().nullish(),
});

export type HfConfig = z.output<typeof hfConfigSchema>;

/** Validates the content of a `config.json`; fields are named in the error. */
export function parseHfConfig(json: unknown, file?: string): HfConfig {
  return validate(hfConfigSchema, json, {
    what: "config.json",
    code: "MODEL_CONFIG_INVALID",
    ...(file === undefined ? {} : { file }),
  });
}
