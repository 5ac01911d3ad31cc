import { z } from "zod";

/** Megatron checkpoints: where training starts from and where it leaves its own. */
export const checkpointSchema = z.strictObject({
  refLoad: z
    .string()
    .min(1)
    .nullable()
    .describe(
      "torch_dist folder of the reference policy, also the start of a fresh run; miles: --ref-load. null: the checkpoint artifact (embedded).",
    ),
  load: z
    .string()
    .min(1)
    .nullable()
    .describe(
      "torch_dist folder to resume from; without a tracker file in it the run starts from refLoad; miles: --load. null: the train stage's folder (embedded).",
    ),
  save: z
    .string()
    .min(1)
    .nullable()
    .describe(
      "torch_dist folder to save to; miles: --save. null: the train stage's folder (embedded).",
    ),
  saveInterval: z
    .int()
    .nullable()
    .describe(
      "Rollouts between saves; saved after rollout id when (id + 1) % interval == 0, and after the last; miles: --save-interval. null: never.",
    ),
});
