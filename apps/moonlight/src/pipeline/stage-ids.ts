/** Ids of the stage calls, in order. */
export const STAGE_IDS = [
  "fetch",
  "convert",
  "rollout-config",
  "eval-base",
  "train",
  "export",
  "eval-trained",
] as const;
export type StageId = (typeof STAGE_IDS)[number];
