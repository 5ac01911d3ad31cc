// A Hugging Face model of Moonlight's shape (27 layers, the first dense) with small widths and random bfloat16 weights,
// written by this repository's own writer.
//
//     node make-model.mjs OUT [plain|q-lora|tied|golden|golden-stacked]

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fromFloat32, writeHfModel } from "@moonlight-rl/checkpoint";
import { hfTensors, parseHfConfig } from "@moonlight-rl/model";

const SMALLEST = {
  vocab_size: 16,
  hidden_size: 8,
  intermediate_size: 12,
  moe_intermediate_size: 4,
  kv_lora_rank: 4,
  qk_nope_head_dim: 2,
  qk_rope_head_dim: 2,
  v_head_dim: 2,
  n_routed_experts: 4,
  n_shared_experts: 1,
};
const VARIANTS = {
  plain: { num_hidden_layers: 27 },
  "q-lora": { num_hidden_layers: 5, q_lora_rank: 24 },
  golden: { ...SMALLEST, num_hidden_layers: 2 },
  "golden-stacked": { ...SMALLEST, num_hidden_layers: 2, first_k_dense_replace: 0 },
  tied: { num_hidden_layers: 4, tie_word_embeddings: true },
};

const [out, variant = "plain"] = process.argv.slice(2);
if (out === undefined || !Object.hasOwn(VARIANTS, variant))
  throw new Error(`usage: make-model.mjs OUT [${Object.keys(VARIANTS).join("|")}]`);

const json = {
  architectures: ["DeepseekV3ForCausalLM"],
  model_type: "deepseek_v3",
  vocab_size: 256,
  hidden_size: 32,
  intermediate_size: 64,
  moe_intermediate_size: 16,
  num_attention_heads: 4,
  num_key_value_heads: 4,
  q_lora_rank: null,
  kv_lora_rank: 16,
  qk_nope_head_dim: 8,
  qk_rope_head_dim: 8,
  v_head_dim: 8,
  n_routed_experts: 8,
  n_shared_experts: 2,
  num_experts_per_tok: 2,
  first_k_dense_replace: 1,
  moe_layer_freq: 1,
  routed_scaling_factor: 2.446,
  norm_topk_prob: true,
  scoring_func: "sigmoid",
  topk_method: "noaux_tc",
  n_group: 1,
  topk_group: 1,
  rms_norm_eps: 1e-5,
  rope_theta: 50_000,
  max_position_embeddings: 128,
  tie_word_embeddings: false,
  torch_dtype: "bfloat16",
  ...VARIANTS[variant],
};
const config = parseHfConfig(json);

/** Every tensor gets values of its own, so that no two can be exchanged unseen. */
let state = 1;
const random = () => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 32 - 0.5;
};
const tensors = hfTensors(config).map(({ name, shape }) => {
  const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, random);
  // The hub's file has the bias in float32.
  const dtype = name.endsWith("e_score_correction_bias") ? "F32" : "BF16";
  const bytes = fromFloat32(values, dtype);
  return { name, dtype, shape, read: () => bytes };
});
await mkdir(out, { recursive: true });
await writeHfModel(out, { tensors });
await writeFile(join(out, "config.json"), `${JSON.stringify(json, null, 2)}\n`);
