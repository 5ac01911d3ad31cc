import { unkeyed } from "@moonlight-rl/pipeline";
import { z } from "zod";

/** How the reference's own converter is run. Its parallel sizes are its own: any of them gives the same weights. */
export const referenceFields = {
  backend: z
    .enum(["native", "megatron"])
    .default("native")
    .describe("native: this program; megatron: miles' own tools, on GPUs, checked afterwards"),
  miles: unkeyed(
    z.string().optional().describe("with --backend megatron: folder of miles, with its tools/"),
  ),
  megatron: unkeyed(
    z.string().optional().describe("with --backend megatron: folder of Megatron-LM"),
  ),
  python: unkeyed(
    z.string().default("python3").describe("with --backend megatron: its interpreter"),
  ),
  gpus: z
    .int()
    .min(1)
    .optional()
    .describe("with --backend megatron, to torch_dist: GPUs of this machine (default: all)"),
  pipelineParallel: z
    .int()
    .min(1)
    .optional()
    .describe(
      "with --backend megatron, to torch_dist: pipeline stages (default: as many as GPUs and layers allow)",
    ),
  expertParallel: z
    .int()
    .min(1)
    .default(1)
    .describe("with --backend megatron, to torch_dist: GPUs that share a layer's experts"),
} as const;

const settings = z.object(referenceFields);
export type ReferenceSettings = z.output<typeof settings>;
