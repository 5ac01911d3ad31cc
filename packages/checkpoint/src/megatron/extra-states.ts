import { megatronTensors, type HfConfig } from "@moonlight-rl/model";

/**
 * Keys of the objects that Transformer Engine keeps beside the weights of each of its modules
 * (`….linear_proj._extra_state/shard_0_1`, of experts `…/shard_7_64`). Upstream Megatron refuses a checkpoint without them.
 * Router, embedding and output layer are no such modules.
 */
export function extraStateKeys(config: HfConfig): string[] {
  const modules = new Set<string>();
  for (const { key } of megatronTensors(config)) {
    if (/router|embedding|output_layer/.test(key)) continue;
    modules.add(key.slice(0, key.lastIndexOf(".")));
  }
  return [...modules].flatMap((module) => {
    const experts = module.includes(".mlp.experts.experts.") ? config.n_routed_experts : 1;
    return Array.from(
      { length: experts },
      (_, expert) => `${module}._extra_state/shard_${expert}_${experts}`,
    );
  });
}
