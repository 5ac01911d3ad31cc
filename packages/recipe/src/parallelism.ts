import { z } from "zod";

/** How the trainer is split over GPUs (Megatron's words). miles only. */
export const parallelismSchema = z.strictObject({
  tensorModelParallelSize: z
    .int()
    .describe("GPUs that share one layer's tensors (TP); miles: --tensor-model-parallel-size."),
  sequenceParallel: z
    .boolean()
    .describe("Whether activations between TP regions are split too; miles: --sequence-parallel."),
  pipelineModelParallelSize: z
    .int()
    .describe("Pipeline stages of layers (PP); miles: --pipeline-model-parallel-size."),
  contextParallelSize: z
    .int()
    .describe("GPUs that share one sequence (CP); miles: --context-parallel-size."),
  expertModelParallelSize: z
    .int()
    .describe("GPUs that the experts are spread over (EP); miles: --expert-model-parallel-size."),
  expertTensorParallelSize: z
    .int()
    .describe("GPUs that share one expert's tensors (ETP); miles: --expert-tensor-parallel-size."),
});
