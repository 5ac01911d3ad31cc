import { z } from "zod";
import { field } from "./field-facts.ts";

/** Recomputation, micro-batches, precision and expert dispatch of the trainer. miles only. */
export const performanceSchema = z.strictObject({
  recomputeGranularity: field(
    z.enum(["full", "selective"]).nullable(),
    "What is computed again in the backward pass: whole layers, or recomputeModules. null: nothing.",
    { flag: "--recompute-granularity", usual: null, source: "TC:446" },
  ),
  recomputeMethod: field(
    z.enum(["uniform", "block"]).nullable(),
    "Full recomputation of every layer in groups (uniform), or of a stage's first layers (block).",
    { flag: "--recompute-method", usual: null, source: "TC:457" },
  ),
  recomputeNumLayers: field(
    z.int().nullable(),
    "Layers per group (uniform), or layers per stage that are recomputed (block).",
    { flag: "--recompute-num-layers", usual: null, unit: "layers", source: "TC:465" },
  ),
  recomputeModules: field(
    z.array(
      z.enum(["core_attn", "moe_act", "layernorm", "mla_up_proj", "mlp", "moe", "shared_experts"]),
    ),
    "Parts that selective recomputation computes again. Empty: core_attn.",
    { flag: "--recompute-modules", usual: [], source: "TC:474" },
  ),
  distributeSavedActivations: field(
    z.boolean(),
    "Whether the inputs kept by full recomputation are split over tensor-parallel ranks; not with sequence parallelism.",
    { flag: "--distribute-saved-activations", usual: false, source: "TC:471, MG:948" },
  ),
  useDynamicBatchSize: field(
    z.boolean(),
    "Whether micro-batches are packed by tokens instead of samples.",
    { flag: "--use-dynamic-batch-size", usual: false, source: "A:1125" },
  ),
  maxTokensPerGpu: field(z.int().nullable(), "Tokens per packed micro-batch and context rank.", {
    flag: "--max-tokens-per-gpu",
    usual: null,
    unit: "tokens",
    source: "A:1136",
  }),
  logProbsMaxTokensPerGpu: field(
    z.int().nullable(),
    "The same for passes that only compute log-probabilities. null: maxTokensPerGpu.",
    { flag: "--log-probs-max-tokens-per-gpu", usual: null, unit: "tokens", source: "A:1146" },
  ),
  logProbsChunkSize: field(
    z.int(),
    "Tokens whose logits are turned into log-probabilities at once, to save memory. -1: all.",
    { flag: "--log-probs-chunk-size", usual: -1, unit: "tokens", source: "A:406" },
  ),
  recomputeLossFunction: field(
    z.boolean(),
    "Whether the loss is computed again in the backward pass, so that its float32 logits are not kept.",
    { flag: "--recompute-loss-function", usual: false, source: "A:401" },
  ),
  microBatchSize: field(
    z.int(),
    "Samples per micro-batch when not packed; the global batch must divide by it times DP either way.",
    { flag: "--micro-batch-size", usual: 1, unit: "samples", source: "A:1092" },
  ),
  balanceByFlops: field(
    z.boolean(),
    "Whether micro-batches are balanced by operations instead of tokens.",
    { flag: "--balance-by-flops", usual: false, source: "A:1103" },
  ),
  qkvFormat: field(
    z.enum(["thd", "bshd"]),
    "Packed sequences without padding (thd), or padded batches (bshd).",
    { flag: "--qkv-format", usual: "thd", source: "A:265" },
  ),
  attentionBackend: field(
    z.enum(["auto", "flash", "fused", "unfused"]),
    "Attention kernel of the trainer; latent attention should be left to auto.",
    { flag: "--attention-backend", usual: "auto", source: "TC:121" },
  ),
  attentionDropout: field(z.number(), "Dropout share in attention.", {
    flag: "--attention-dropout",
    usual: 0.1,
    source: "TC:151",
  }),
  hiddenDropout: field(z.number(), "Dropout share of hidden states.", {
    flag: "--hidden-dropout",
    usual: 0.1,
    source: "TC:148",
  }),
  accumulateAllreduceGradsInFp32: field(
    z.boolean(),
    "Whether gradients are summed in float32; for bf16 Megatron turns it on by itself.",
    {
      flag: "--accumulate-allreduce-grads-in-fp32",
      negative: "--grad-reduce-in-bf16",
      source: "MG:2300, MG:2284, MG:780",
    },
  ),
  attentionSoftmaxInFp32: field(
    z.boolean(),
    "Whether the attention softmax runs in float32 (Megatron's default).",
    { flag: "--attention-softmax-in-fp32", source: "TC:406" },
  ),
  overlapGradReduce: field(
    z.boolean(),
    "Whether gradients are reduced while the backward pass goes on.",
    { flag: "--overlap-grad-reduce", usual: false, source: "MG:2349" },
  ),
  overlapParamGather: field(
    z.boolean(),
    "Whether weights are gathered while the forward pass goes on; needs overlapGradReduce.",
    { flag: "--overlap-param-gather", usual: false, source: "MG:664" },
  ),
  moeTokenDispatcherType: field(
    z.enum(["allgather", "alltoall", "flex"]),
    "How tokens reach their experts.",
    { flag: "--moe-token-dispatcher-type", source: "TC:757" },
  ),
  moeEnableDeepep: field(z.boolean(), "Whether the flex dispatcher uses DeepEP.", {
    flag: "--moe-enable-deepep",
    usual: false,
    source: "TC:761",
  }),
  moeDeepepNumSms: field(z.int(), "Streaming multiprocessors that DeepEP occupies.", {
    flag: "--moe-deepep-num-sms",
    usual: 20,
    unit: "SMs",
    source: "TC:804",
  }),
  moeSharedExpertOverlap: field(
    z.boolean(),
    "Whether shared experts compute while tokens travel; alltoall dispatcher only.",
    { flag: "--moe-shared-expert-overlap", usual: false, source: "TC:619, TC:1193" },
  ),
  trainMemoryMarginBytes: field(z.int(), "GPU memory that the trainer's allocator leaves free.", {
    flag: "--train-memory-margin-bytes",
    usual: 2 ** 30,
    unit: "bytes",
    source: "A:311",
  }),
  updateWeightBufferSize: field(z.int(), "Bytes of weights that travel to the engines at once.", {
    flag: "--update-weight-buffer-size",
    usual: 512 * 2 ** 20,
    unit: "bytes",
    source: "A:754",
  }),
  distributedTimeoutMinutes: field(
    z.int(),
    "Minutes after which a collective that does not end is a failure.",
    { flag: "--distributed-timeout-minutes", usual: 10, unit: "minutes", source: "A:253" },
  ),
});
