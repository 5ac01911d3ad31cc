import type { HfConfig } from "@moonlight-rl/model";
import type { PlainObject } from "../torch-dist/common.ts";

/**
 * The attributes that Megatron's loader and miles' back-converter read from a checkpoint's `args`. Parallel sizes are 1: the
 * loader reshards. Sources: Megatron-LM check_checkpoint_args, miles convert_torch_dist_to_hf.
 */
export function megatronArgs(config: HfConfig): PlainObject {
  return {
    num_layers: config.num_hidden_layers,
    hidden_size: config.hidden_size,
    num_attention_heads: config.num_attention_heads,
    num_query_groups: 1,
    kv_channels: config.v_head_dim,
    ffn_hidden_size: config.intermediate_size,
    num_experts: config.n_routed_experts,
    vocab_size: config.vocab_size,
    padded_vocab_size: config.vocab_size,
    tensor_model_parallel_size: 1,
    pipeline_model_parallel_size: 1,
    expert_model_parallel_size: 1,
    context_parallel_size: 1,
    world_size: 1,
    data_parallel_size: 1,
    add_position_embedding: true,
    max_position_embeddings: config.max_position_embeddings,
    untie_embeddings_and_output_weights: !config.tie_word_embeddings,
    no_save_optim: true,
    no_save_rng: true,
    ckpt_format: "torch_dist",
    bf16: config.torch_dtype === undefined || config.torch_dtype === "bfloat16",
    consumed_train_samples: 0,
    consumed_valid_samples: 0,
    skipped_train_samples: 0,
  };
}
