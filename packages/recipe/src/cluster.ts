import { z } from "zod";

/** The machines that miles takes. miles only. */
export const clusterSchema = z.strictObject({
  actorNumNodes: z.int().describe("Nodes of the trainer; miles: --actor-num-nodes."),
  actorNumGpusPerNode: z.int().describe("GPUs per trainer node; miles: --actor-num-gpus-per-node."),
  colocate: z
    .boolean()
    .describe("Whether trainer and engines take turns on the same GPUs; miles: --colocate."),
  rolloutNumGpus: z
    .int()
    .nullable()
    .describe(
      "GPUs of the engines when not colocated; miles: --rollout-num-gpus. null: the trainer's GPUs (colocate).",
    ),
});
