import { z } from "zod";

/** The rollout engine of miles. miles only. */
export const sglangSchema = z.strictObject({
  numGpusPerEngine: z
    .int()
    .describe(
      "GPUs of one engine, its tensor-parallel size; miles: --rollout-num-gpus-per-engine.",
    ),
  memFractionStatic: z
    .number()
    .describe("Share of GPU memory for weights and KV cache; miles: --sglang-mem-fraction-static."),
  cudaGraphBs: z
    .array(z.int())
    .describe(
      "Batch sizes with a captured CUDA graph; miles: --sglang-cuda-graph-bs. Empty: SGLang's own choice.",
    ),
  serverConcurrency: z
    .int()
    .describe(
      "Requests in flight per GPU group: samples in flight = this × GPUs ÷ numGpusPerEngine; miles: --sglang-server-concurrency (default 512).",
    ),
});
