import { z } from "zod";

/** Adam and where its states live. */
export const optimizerSchema = z.strictObject({
  name: z.enum(["adam"]).describe("Optimizer; miles: --optimizer."),
  lr: z.number().describe("Learning rate; miles: --lr."),
  lrDecayStyle: z.enum(["constant"]).describe("Learning-rate schedule; miles: --lr-decay-style."),
  weightDecay: z
    .number()
    .describe("Decoupled weight decay per step, times lr; miles: --weight-decay."),
  adamBeta1: z.number().describe("Decay of the first moment; miles: --adam-beta1."),
  adamBeta2: z.number().describe("Decay of the second moment; miles: --adam-beta2."),
  adamEps: z
    .number()
    .describe("Added to the root of the second moment; miles: --adam-eps (default 1e-8)."),
  clipGrad: z
    .number()
    .describe("Largest global gradient norm, 0 = no clipping; miles: --clip-grad (default 1)."),
  cpuOffload: z
    .boolean()
    .describe("Whether optimizer states live in host memory; miles: --optimizer-cpu-offload."),
  overlapCpuOptimizerD2hH2d: z
    .boolean()
    .describe(
      "Whether offloaded steps overlap with their copies; miles: --overlap-cpu-optimizer-d2h-h2d.",
    ),
  usePrecisionAwareOptimizer: z
    .boolean()
    .describe(
      "Transformer Engine's optimizer with states of chosen precision; miles: --use-precision-aware-optimizer.",
    ),
});
