import { hfConfigSchema, type HfConfig } from "@moonlight-rl/model";
import { VOCABULARY_SIZE } from "./tokenizer/tokenizer-files.ts";

/** Ids of the tokenizer's special tokens that `config.json` names. */
const TOKEN = { bos: 0, pad: 2, endOfMessage: 8 };

/** Embedding rows: the vocabulary, rounded up as Megatron pads it. */
const ROWS = Math.ceil(VOCABULARY_SIZE / 64) * 64;

/** `config.json` of the tiny model: every field of Moonlight-16B-A3B's, with Moonlight's values where size does not matter. */
export const TINY_CONFIG = {
  architectures: ["DeepseekV3ForCausalLM"],
  model_type: "deepseek_v3",
  attention_bias: false,
  attention_dropout: 0,
  bos_token_id: TOKEN.bos,
  eos_token_id: TOKEN.endOfMessage,
  pad_token_id: TOKEN.pad,
  ep_size: 1,
  first_k_dense_replace: 1,
  hidden_act: "silu",
  hidden_size: 64,
  initializer_range: 0.02,
  intermediate_size: 128,
  kv_lora_rank: 32,
  max_position_embeddings: 128,
  moe_intermediate_size: 64,
  moe_layer_freq: 1,
  n_group: 1,
  n_routed_experts: 8,
  n_shared_experts: 1,
  norm_topk_prob: true,
  num_attention_heads: 4,
  num_experts_per_tok: 2,
  num_hidden_layers: 4,
  num_key_value_heads: 4,
  num_nextn_predict_layers: 0,
  q_lora_rank: null,
  qk_nope_head_dim: 16,
  qk_rope_head_dim: 8,
  rms_norm_eps: 1e-5,
  rope_scaling: null,
  rope_theta: 50000,
  routed_scaling_factor: 2.446,
  scoring_func: "sigmoid",
  seq_aux: true,
  tie_word_embeddings: false,
  topk_group: 1,
  topk_method: "noaux_tc",
  torch_dtype: "bfloat16",
  use_cache: true,
  v_head_dim: 16,
  vocab_size: ROWS,
} as const;

export const tinyConfig: HfConfig = hfConfigSchema.parse(TINY_CONFIG);
