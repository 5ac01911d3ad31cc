import { parseHfConfig, type HfConfig } from "@moonlight-rl/model";
import { CounterRandom } from "../engine/random.ts";
import type { TrainSample } from "../engine/types.ts";

/** The smallest model with every part: one dense layer, one routed layer with a shared expert. */
export function tinyConfig(changes: Readonly<Record<string, unknown>> = {}): HfConfig {
  return parseHfConfig({
    model_type: "deepseek_v3",
    vocab_size: 24,
    hidden_size: 16,
    intermediate_size: 24,
    moe_intermediate_size: 12,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    q_lora_rank: null,
    kv_lora_rank: 8,
    qk_nope_head_dim: 6,
    qk_rope_head_dim: 4,
    v_head_dim: 5,
    n_routed_experts: 4,
    n_shared_experts: 1,
    num_experts_per_tok: 2,
    first_k_dense_replace: 1,
    routed_scaling_factor: 1.5,
    rms_norm_eps: 1e-5,
    rope_theta: 10000,
    max_position_embeddings: 64,
    ...changes,
  });
}

/** Samples over `prompts` prompts with `n` responses each, of different lengths. */
export function tinySamples(prompts: number, n: number, vocabulary = 24): TrainSample[] {
  const random = new CounterRandom(7, prompts, n);
  const tokens = (count: number): number[] =>
    Array.from({ length: count }, () => Math.floor(random.uniform() * vocabulary));
  return Array.from({ length: prompts }, (_, index) => tokens(2 + (index % 3))).flatMap((prompt) =>
    Array.from({ length: n }, (_unused, index): TrainSample => {
      const response = tokens(1 + ((index + prompt.length) % 4));
      const around = (): Float32Array => Float32Array.from(response, () => -3 + random.normal());
      return {
        tokens: [...prompt, ...response],
        promptLength: prompt.length,
        oldLogProbs: around(),
        refLogProbs: around(),
        advantage: random.normal(),
        lossMask: response.map((_token, at) => (at === 1 ? 0 : 1)),
      };
    }),
  );
}
