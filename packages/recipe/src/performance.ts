import { z } from "zod";

/** Recomputation, micro-batches, precision and expert dispatch of the trainer. miles only. */
export const performanceSchema = z.strictObject({
  recomputeGranularity: z
    .enum(["full", "selective"])
    .nullable()
    .describe(
      "What is computed again in the backward pass; miles: --recompute-granularity. null: nothing.",
    ),
  recomputeMethod: z
    .enum(["uniform", "block"])
    .nullable()
    .describe("How layers are grouped for full recomputation; miles: --recompute-method."),
  recomputeNumLayers: z
    .int()
    .nullable()
    .describe("Layers per group of full recomputation; miles: --recompute-num-layers."),
  useDynamicBatchSize: z
    .boolean()
    .describe(
      "Whether micro-batches are packed by tokens instead of samples; miles: --use-dynamic-batch-size.",
    ),
  maxTokensPerGpu: z
    .int()
    .nullable()
    .describe("Tokens per packed micro-batch and context rank; miles: --max-tokens-per-gpu."),
  microBatchSize: z
    .int()
    .describe(
      "Samples per micro-batch when not packed; the global batch must divide by it times DP either way; miles: --micro-batch-size (default 1).",
    ),
  attentionDropout: z
    .number()
    .describe("Dropout share in attention; miles: --attention-dropout (its default is 0.1)."),
  hiddenDropout: z
    .number()
    .describe("Dropout share of hidden states; miles: --hidden-dropout (its default is 0.1)."),
  accumulateAllreduceGradsInFp32: z
    .boolean()
    .describe(
      "Whether gradients are summed in float32; miles: --accumulate-allreduce-grads-in-fp32.",
    ),
  attentionSoftmaxInFp32: z
    .boolean()
    .describe(
      "Whether the attention softmax runs in float32; miles: --attention-softmax-in-fp32 (already Megatron's default).",
    ),
  moeTokenDispatcherType: z
    .enum(["allgather", "alltoall", "flex"])
    .describe("How tokens reach their experts; miles: --moe-token-dispatcher-type."),
  moeEnableDeepep: z
    .boolean()
    .describe("Whether the flex dispatcher uses DeepEP; miles: --moe-enable-deepep."),
});
