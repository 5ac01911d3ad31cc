import { UsageError } from "@moonlight-rl/core";
import type { HfConfig } from "@moonlight-rl/model";

/** Refuses, by field, what this engine does not compute. */
export function assertSupported(config: HfConfig): void {
  if (config.q_lora_rank != null) {
    refuse("q_lora_rank", "a low-rank query projection is not supported");
  }
  if (config.rope_scaling != null) refuse("rope_scaling", "scaled RoPE is not supported");
  if (config.n_group > 1) refuse("n_group", "group-limited routing is not supported");
  if (config.tie_word_embeddings)
    refuse("tie_word_embeddings", "tied embeddings are not supported");
  if (config["attention_bias"] === true) refuse("attention_bias", "biases are not supported");
  if (config["hidden_act"] !== undefined && config["hidden_act"] !== "silu") {
    refuse("hidden_act", "only silu is supported");
  }
  if (config.qk_rope_head_dim % 2 !== 0) refuse("qk_rope_head_dim", "must be even");
  if (
    config.num_key_value_heads !== undefined &&
    config.num_key_value_heads !== config.num_attention_heads
  ) {
    refuse("num_key_value_heads", "must equal num_attention_heads");
  }
  if (config.num_experts_per_tok > config.n_routed_experts) {
    refuse("num_experts_per_tok", "must not exceed n_routed_experts");
  }
}

function refuse(field: string, reason: string): never {
  throw new UsageError(
    "ENGINE_MODEL_UNSUPPORTED",
    `config.json: ${field}: ${reason} (embedded engine)`,
    { field, hint: "Use the miles backend for this model, or change the field." },
  );
}
