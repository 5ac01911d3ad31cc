import { z } from "zod";
import { field } from "./field-facts.ts";

const text = z.string().min(1).nullable();

/** Runs that leave a part out, and data that is kept for looking at. miles only. */
export const debugSchema = z.strictObject({
  rolloutOnly: field(
    z.boolean(),
    "Whether only rollouts run: all GPUs go to engines, no trainer.",
    {
      flag: "--debug-rollout-only",
      usual: false,
      source: "A:2040, A:3190",
    },
  ),
  trainOnly: field(z.boolean(), "Whether only training runs, on loadRolloutData: no engines.", {
    flag: "--debug-train-only",
    usual: false,
    source: "A:2049",
  }),
  saveRolloutData: field(text, "File template with {rollout_id} that rollouts are kept in.", {
    flag: "--save-debug-rollout-data",
    usual: null,
    source: "A:2006",
  }),
  loadRolloutData: field(
    text,
    "File template with {rollout_id} that rollouts are read from instead of generated; implies trainOnly.",
    { flag: "--load-debug-rollout-data", usual: null, source: "A:2024, A:3141" },
  ),
  saveTrainData: field(
    text,
    "File template with {rollout_id} and {rank} for what ranks train on.",
    {
      flag: "--save-debug-train-data",
      usual: null,
      source: "A:2058",
    },
  ),
  dumpDetails: field(
    text,
    "Folder for everything above and trajectories and events; overrides those templates.",
    { flag: "--dump-details", usual: null, source: "A:2068, A:3135" },
  ),
  exitAfterRollout: field(
    z.int().nullable(),
    "Rollouts of this process after which it ends, without a save. null: all.",
    { flag: "--debug-exit-after-rollout", usual: null, unit: "rollouts", source: "A:971" },
  ),
  checkWeightUpdateEqual: field(
    z.boolean(),
    "Whether each weight update is compared between trainer and engine.",
    { flag: "--check-weight-update-equal", usual: false, source: "A:2144" },
  ),
});
