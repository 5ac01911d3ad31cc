import type { HfConfig } from "./hf-config.ts";

/** A tensor of the Hugging Face checkpoint. */
export interface HfTensor {
  readonly name: string;
  readonly shape: readonly number[];
}

/** The part of a Megatron tensor that one Hugging Face tensor fills, byte for byte. */
export interface MegatronChunk {
  /** First index along each axis of the Megatron tensor. */
  readonly offsets: readonly number[];
  readonly sizes: readonly number[];
  readonly hf: HfTensor;
}

/** A tensor of Megatron's torch_dist checkpoint; its chunks tile it without gap or overlap. */
export interface MegatronTensor {
  readonly key: string;
  readonly shape: readonly number[];
  /** `float32`: stored in fp32 whatever the checkpoint's dtype is (the router's expert bias). */
  readonly dtype: "checkpoint" | "float32";
  readonly chunks: readonly MegatronChunk[];
}

/**
 * Every tensor of the model under its Megatron key, in model order, with the Hugging Face tensors that fill it.
 * Each Hugging Face tensor fills exactly one chunk. Source: Megatron-LM's sharded_state_dict of the MLA + MoE spec
 * with a per-layer MoE frequency list, and mbridge's DeepSeek-V3 mapping.
 */
export function megatronTensors(config: HfConfig): MegatronTensor[] {
  const { vocab_size, hidden_size } = config;
  const embedding = whole("embedding.word_embeddings.weight", "model.embed_tokens.weight", [
    vocab_size,
    hidden_size,
  ]);
  const layers = Array.from({ length: config.num_hidden_layers }, (_, layer) =>
    layerTensors(config, layer),
  );
  const head = whole("output_layer.weight", "lm_head.weight", [vocab_size, hidden_size]);
  return [
    embedding,
    ...layers.flat(),
    whole("decoder.final_layernorm.weight", "model.norm.weight", [hidden_size]),
    ...(config.tie_word_embeddings ? [] : [head]),
  ];
}

/** Every tensor of the Hugging Face checkpoint, in the catalogue's order. */
export function hfTensors(config: HfConfig): HfTensor[] {
  return megatronTensors(config).flatMap(({ chunks }) => chunks.map(({ hf }) => hf));
}

/** Elements in all tensors of the checkpoint, and in those that one token passes through. */
export function countParameters(
  config: HfConfig,
  tensors: readonly MegatronTensor[] = megatronTensors(config),
): { total: number; activated: number } {
  let total = 0;
  let routed = 0;
  for (const { key, shape } of tensors) {
    const elements = shape.reduce((a, b) => a * b, 1);
    total += elements;
    if (key.includes(".mlp.experts.")) routed += elements;
  }
  return {
    total,
    activated: total - routed + (routed * config.num_experts_per_tok) / config.n_routed_experts,
  };
}

function layerTensors(config: HfConfig, layer: number): MegatronTensor[] {
  const key = `decoder.layers.${layer}`;
  const hf = `model.layers.${layer}`;
  const moe = layer >= config.first_k_dense_replace;
  return [
    whole(`${key}.input_layernorm.weight`, `${hf}.input_layernorm.weight`, [config.hidden_size]),
    ...attentionTensors(config, `${key}.self_attention`, `${hf}.self_attn`),
    ...(moe ? moeTensors(config, key, hf) : denseTensors(config, key, hf)),
  ];
}

function attentionTensors(config: HfConfig, key: string, hf: string): MegatronTensor[] {
  const {
    hidden_size,
    num_attention_heads: heads,
    kv_lora_rank,
    qk_nope_head_dim,
    qk_rope_head_dim,
    v_head_dim,
  } = config;
  const queries = heads * (qk_nope_head_dim + qk_rope_head_dim);
  const rank = config.q_lora_rank;
  const query =
    rank === null || rank === undefined
      ? [whole(`${key}.linear_q_proj.weight`, `${hf}.q_proj.weight`, [queries, hidden_size])]
      : [
          whole(`${key}.linear_q_down_proj.weight`, `${hf}.q_a_proj.weight`, [rank, hidden_size]),
          whole(`${key}.linear_q_up_proj.layer_norm_weight`, `${hf}.q_a_layernorm.weight`, [rank]),
          whole(`${key}.linear_q_up_proj.weight`, `${hf}.q_b_proj.weight`, [queries, rank]),
        ];
  return [
    ...query,
    whole(`${key}.linear_kv_down_proj.weight`, `${hf}.kv_a_proj_with_mqa.weight`, [
      kv_lora_rank + qk_rope_head_dim,
      hidden_size,
    ]),
    whole(`${key}.linear_kv_up_proj.layer_norm_weight`, `${hf}.kv_a_layernorm.weight`, [
      kv_lora_rank,
    ]),
    whole(`${key}.linear_kv_up_proj.weight`, `${hf}.kv_b_proj.weight`, [
      heads * (qk_nope_head_dim + v_head_dim),
      kv_lora_rank,
    ]),
    whole(`${key}.linear_proj.weight`, `${hf}.o_proj.weight`, [hidden_size, heads * v_head_dim]),
  ];
}

function denseTensors(
  { hidden_size, intermediate_size }: HfConfig,
  key: string,
  hf: string,
): MegatronTensor[] {
  return [
    whole(`${key}.mlp.linear_fc1.layer_norm_weight`, `${hf}.post_attention_layernorm.weight`, [
      hidden_size,
    ]),
    gateUp(`${key}.mlp.linear_fc1.weight`, `${hf}.mlp`, intermediate_size, hidden_size),
    whole(`${key}.mlp.linear_fc2.weight`, `${hf}.mlp.down_proj.weight`, [
      hidden_size,
      intermediate_size,
    ]),
  ];
}

function moeTensors(config: HfConfig, key: string, hf: string): MegatronTensor[] {
  const { hidden_size, n_routed_experts, n_shared_experts, moe_intermediate_size } = config;
  const shared = n_shared_experts * moe_intermediate_size;
  return [
    whole(`${key}.pre_mlp_layernorm.weight`, `${hf}.post_attention_layernorm.weight`, [
      hidden_size,
    ]),
    whole(`${key}.mlp.router.weight`, `${hf}.mlp.gate.weight`, [n_routed_experts, hidden_size]),
    {
      ...whole(`${key}.mlp.router.expert_bias`, `${hf}.mlp.gate.e_score_correction_bias`, [
        n_routed_experts,
      ]),
      dtype: "float32",
    },
    ...expertTensors(config, `${key}.mlp.experts.experts`, `${hf}.mlp.experts`),
    ...(shared === 0 ? [] : sharedTensors(`${key}.mlp`, `${hf}.mlp`, shared, hidden_size)),
  ];
}

/** The shared experts: one dense projection as wide as all of them. */
function sharedTensors(key: string, hf: string, width: number, hidden: number): MegatronTensor[] {
  return [
    gateUp(`${key}.shared_experts.linear_fc1.weight`, `${hf}.shared_experts`, width, hidden),
    whole(`${key}.shared_experts.linear_fc2.weight`, `${hf}.shared_experts.down_proj.weight`, [
      hidden,
      width,
    ]),
  ];
}

/** Grouped experts: one tensor with a leading expert axis, one chunk per expert and projection. */
function expertTensors(config: HfConfig, key: string, hf: string): MegatronTensor[] {
  const { hidden_size, n_routed_experts: experts, moe_intermediate_size: width } = config;
  const each = Array.from({ length: experts }, (_, expert) => expert);
  const chunk = (
    expert: number,
    row: number,
    name: string,
    shape: readonly number[],
  ): MegatronChunk => ({
    offsets: [expert, row, 0],
    sizes: [1, ...shape],
    hf: { name: `${hf}.${expert}.${name}.weight`, shape },
  });
  return [
    grouped(`${key}.linear_fc1.weight`, [experts, 2 * width, hidden_size], () =>
      each.flatMap((expert) => [
        chunk(expert, 0, "gate_proj", [width, hidden_size]),
        chunk(expert, width, "up_proj", [width, hidden_size]),
      ]),
    ),
    grouped(`${key}.linear_fc2.weight`, [experts, hidden_size, width], () =>
      each.map((expert) => chunk(expert, 0, "down_proj", [hidden_size, width])),
    ),
  ];
}

/** A model has thousands of these chunks, and who only counts elements asks for none: they are made when first read. */
function grouped(
  key: string,
  shape: readonly number[],
  make: () => readonly MegatronChunk[],
): MegatronTensor {
  let chunks: readonly MegatronChunk[] | undefined;
  return {
    key,
    shape,
    dtype: "checkpoint",
    get chunks() {
      return (chunks ??= make());
    },
  };
}

/** A tensor that one Hugging Face tensor fills entirely. */
function whole(key: string, name: string, shape: readonly number[]): MegatronTensor {
  return {
    key,
    shape,
    dtype: "checkpoint",
    chunks: [{ offsets: shape.map(() => 0), sizes: shape, hf: { name, shape } }],
  };
}

/** The fused first projection of a SwiGLU: gate above up. */
function gateUp(key: string, hf: string, width: number, hidden: number): MegatronTensor {
  const shape = [width, hidden];
  return {
    key,
    shape: [2 * width, hidden],
    dtype: "checkpoint",
    chunks: [
      { offsets: [0, 0], sizes: shape, hf: { name: `${hf}.gate_proj.weight`, shape } },
      { offsets: [width, 0], sizes: shape, hf: { name: `${hf}.up_proj.weight`, shape } },
    ],
  };
}
