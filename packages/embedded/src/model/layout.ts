import type { HfConfig } from "@moonlight-rl/model";
import type { ParameterEntry, ParameterLayout } from "../engine/types.ts";
import { assertSupported } from "./support.ts";

/**
 * The tensors of a model in the order of the flat array: by layer, and within a MoE layer all gate projections of the
 * routed experts, then all up, then all down projections, so that each kind is one contiguous stack.
 * Throws `ENGINE_MODEL_UNSUPPORTED` for models outside the engine.
 */
export function parameterLayout(config: HfConfig): ParameterLayout {
  assertSupported(config);
  const entries: ParameterEntry[] = [];
  let total = 0;
  const add = (name: string, shape: readonly number[], trainable = true): void => {
    const size = shape.reduce((product, length) => product * length, 1);
    entries.push({ name, shape, offset: total, size, trainable });
    total += size;
  };

  const hidden = config.hidden_size;
  const heads = config.num_attention_heads;
  add("model.embed_tokens.weight", [config.vocab_size, hidden]);
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const prefix = `model.layers.${layer}`;
    const attention = `${prefix}.self_attn`;
    const query = heads * (config.qk_nope_head_dim + config.qk_rope_head_dim);
    add(`${prefix}.input_layernorm.weight`, [hidden]);
    if (config.q_lora_rank == null) {
      add(`${attention}.q_proj.weight`, [query, hidden]);
    } else {
      add(`${attention}.q_a_proj.weight`, [config.q_lora_rank, hidden]);
      add(`${attention}.q_a_layernorm.weight`, [config.q_lora_rank]);
      add(`${attention}.q_b_proj.weight`, [query, config.q_lora_rank]);
    }
    add(`${attention}.kv_a_proj_with_mqa.weight`, [
      config.kv_lora_rank + config.qk_rope_head_dim,
      hidden,
    ]);
    add(`${attention}.kv_a_layernorm.weight`, [config.kv_lora_rank]);
    add(`${attention}.kv_b_proj.weight`, [
      heads * (config.qk_nope_head_dim + config.v_head_dim),
      config.kv_lora_rank,
    ]);
    add(`${attention}.o_proj.weight`, [hidden, heads * config.v_head_dim]);
    add(`${prefix}.post_attention_layernorm.weight`, [hidden]);
    addMlp(config, `${prefix}.mlp`, layer, add);
  }
  add("model.norm.weight", [hidden]);
  if (!config.tie_word_embeddings) add("lm_head.weight", [config.vocab_size, hidden]);
  return { entries, total };
}

function addMlp(
  config: HfConfig,
  prefix: string,
  layer: number,
  add: (name: string, shape: readonly number[], trainable?: boolean) => void,
): void {
  const hidden = config.hidden_size;
  const up = (path: string, kind: string, width: number): void =>
    add(`${path}.${kind}_proj.weight`, kind === "down" ? [hidden, width] : [width, hidden]);
  const kinds = ["gate", "up", "down"] as const;
  if (!isMoeLayer(config, layer)) {
    for (const kind of kinds) up(prefix, kind, config.intermediate_size);
    return;
  }
  add(`${prefix}.gate.weight`, [config.n_routed_experts, hidden]);
  add(`${prefix}.gate.e_score_correction_bias`, [config.n_routed_experts], false);
  const shared = config.moe_intermediate_size * config.n_shared_experts;
  if (shared > 0) for (const kind of kinds) up(`${prefix}.shared_experts`, kind, shared);
  for (const kind of kinds) {
    for (let expert = 0; expert < config.n_routed_experts; expert++) {
      up(`${prefix}.experts.${expert}`, kind, config.moe_intermediate_size);
    }
  }
}

/** Whether a layer has routed experts. */
export function isMoeLayer(config: HfConfig, layer: number): boolean {
  return layer >= config.first_k_dense_replace;
}
