import { UsageError } from "@moonlight-rl/core";
import type { HfConfig } from "@moonlight-rl/model";
import { ropeSettings } from "./rope-scaling.ts";

/** Refuses, by field, what this engine does not compute. */
export function assertSupported(config: HfConfig): void {
  if (config["attention_bias"] === true) refuse("attention_bias", "biases are not supported");
  if (config["hidden_act"] !== undefined && config["hidden_act"] !== "silu") {
    refuse("hidden_act", "only silu is supported");
  }
  if (config["rope_interleave"] === false) {
    refuse("rope_interleave", "only RoPE over neighbouring pairs is supported");
  }
  if (config.qk_rope_head_dim % 2 !== 0) refuse("qk_rope_head_dim", "must be even");
  ropeSettings(config);
  if (
    config.num_key_value_heads !== undefined &&
    config.num_key_value_heads !== config.num_attention_heads
  ) {
    refuse("num_key_value_heads", "must equal num_attention_heads");
  }
  if (config.num_experts_per_tok > config.n_routed_experts) {
    refuse("num_experts_per_tok", "must not exceed n_routed_experts");
  }
  assertGroups(config);
}

/** Expert groups must be equal, of at least two experts (a group is scored by its best two), and hold enough experts. */
function assertGroups(config: HfConfig): void {
  const { n_group: groups, topk_group: kept, n_routed_experts: experts } = config;
  if (groups === 1) return;
  if (experts % groups !== 0 || experts / groups < 2) {
    refuse("n_group", "must divide n_routed_experts into groups of at least two");
  }
  if (kept > groups) refuse("topk_group", "must not exceed n_group");
  if ((kept * experts) / groups < config.num_experts_per_tok) {
    refuse("topk_group", "the kept groups must have num_experts_per_tok experts");
  }
}

function refuse(field: string, reason: string): never {
  throw new UsageError(
    "ENGINE_MODEL_UNSUPPORTED",
    `config.json: ${field}: ${reason} (embedded engine)`,
    { field, hint: "Use the miles backend for this model, or change the field." },
  );
}
