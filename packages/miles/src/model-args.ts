import type { HfConfig } from "@moonlight-rl/model";
import { decimalText, numberText } from "./number.ts";
import { refusal } from "./refusal.ts";

/**
 * The model's flags, derived from its config.json, in the order of the reference's model file.
 *
 * @throws UsageError MILES_CANNOT_EXPRESS for a configuration that these flags cannot describe.
 */
export function modelArgs(config: HfConfig): string[] {
  refuseForeign(config);
  return [
    ["--disable-bias-linear"],
    ["--num-layers", String(config.num_hidden_layers)],
    ["--hidden-size", String(config.hidden_size)],
    ["--ffn-hidden-size", String(config.intermediate_size)],
    ["--num-attention-heads", String(config.num_attention_heads)],
    // Unused by latent attention, whose head sizes follow; the reference states the part without position.
    ["--kv-channels", String(config.qk_nope_head_dim)],
    ["--normalization", "RMSNorm"],
    ["--position-embedding-type", "rope"],
    ["--norm-epsilon", numberText(config.rms_norm_eps)],
    ["--rotary-percent", "1.0"],
    ["--swiglu"],
    config.tie_word_embeddings ? [] : ["--untie-embeddings-and-output-weights"],
    ["--no-masked-softmax-fusion"],
    ["--vocab-size", String(config.vocab_size)],
    attentionArgs(config),
    expertArgs(config),
  ].flat();
}

function attentionArgs(config: HfConfig): string[] {
  return [
    ["--multi-latent-attention"],
    config.q_lora_rank == null ? [] : ["--q-lora-rank", String(config.q_lora_rank)],
    ["--kv-lora-rank", String(config.kv_lora_rank)],
    ["--qk-head-dim", String(config.qk_nope_head_dim)],
    ["--qk-pos-emb-head-dim", String(config.qk_rope_head_dim)],
    ["--v-head-dim", String(config.v_head_dim)],
    ["--qk-layernorm"],
    ["--rotary-scaling-factor", "1"],
    ["--rotary-base", String(config.rope_theta)],
    ["--mscale", "1.0"],
    ["--mscale-all-dim", "1.0"],
    ["--attention-softmax-in-fp32"],
    ["--no-rope-fusion"],
  ].flat();
}

function expertArgs(config: HfConfig): string[] {
  const sharedSize = config.moe_intermediate_size * config.n_shared_experts;
  return [
    ["--num-experts", String(config.n_routed_experts)],
    ["--moe-layer-freq", layerPattern(config)],
    ["--moe-ffn-hidden-size", String(config.moe_intermediate_size)],
    ["--moe-router-topk", String(config.num_experts_per_tok)],
    ["--moe-shared-expert-intermediate-size", String(sharedSize)],
    ["--moe-router-pre-softmax"],
    ["--moe-router-score-function", config.scoring_func],
    ["--moe-router-enable-expert-bias"],
    ["--moe-router-load-balancing-type", "seq_aux_loss"],
    // The recipe's own dispatcher follows at the end of the argv and wins, as in the reference.
    ["--moe-token-dispatcher-type", "alltoall"],
    ["--moe-aux-loss-coeff", "0"],
    // 0 freezes the router's bias: RL must not move it.
    ["--moe-router-bias-update-rate", "0"],
    ["--moe-router-group-topk", String(config.topk_group)],
    ["--moe-router-num-groups", String(config.n_group)],
    ["--moe-grouped-gemm"],
    ["--moe-router-topk-scaling-factor", decimalText(config.routed_scaling_factor, 1)],
    ["--moe-token-drop-policy", "probs"],
    ["--moe-router-dtype", "fp32"],
    ["--moe-permute-fusion"],
  ].flat();
}

/** One entry per layer, 0 = dense, 1 = experts; without blanks, since launchers split the line at them. */
function layerPattern(config: HfConfig): string {
  const dense = Math.min(config.first_k_dense_replace, config.num_hidden_layers);
  return `[${Array.from({ length: config.num_hidden_layers }, (_, i) => (i < dense ? 0 : 1)).join(",")}]`;
}

function refuseForeign(config: HfConfig): void {
  if (config.rope_scaling != null) {
    throw refusal("rope_scaling", "only unscaled rotary positions are rendered");
  }
  if (!Number.isInteger(config.rope_theta)) {
    throw refusal("rope_theta", `--rotary-base takes whole numbers, not ${config.rope_theta}`);
  }
  if (!config.norm_topk_prob) {
    throw refusal(
      "norm_topk_prob",
      "Megatron's sigmoid router always normalises the chosen scores",
    );
  }
  const activation = config["hidden_act"] ?? "silu";
  if (activation !== "silu") {
    throw refusal(
      "hidden_act",
      `only silu (SwiGLU) is rendered, not ${JSON.stringify(activation)}`,
    );
  }
  if (config["attention_bias"] === true) {
    throw refusal("attention_bias", "latent attention is rendered without biases");
  }
}
