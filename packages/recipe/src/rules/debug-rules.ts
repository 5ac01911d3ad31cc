import { faultIf, type Rule } from "./rule.ts";

export const DEBUG_RULES: readonly Rule[] = [
  {
    id: "debug-exclusive",
    severity: "error",
    beyondReference: false,
    backend: "miles",
    reference: "AssertionError (A:3202-3204).",
    check: ({ recipe: { debug: d } }) =>
      faultIf(
        d.rolloutOnly && (d.trainOnly || d.loadRolloutData !== null),
        "debug.rolloutOnly",
        "a run that only generates cannot only train",
        "Set one of the two to false.",
      ),
  },
  {
    id: "debug-train-data",
    severity: "error",
    beyondReference: true,
    backend: "miles",
    reference: "Not checked: the first rollout waits for engines that do not exist.",
    check: ({ recipe: { debug: d } }) =>
      faultIf(
        d.trainOnly && d.loadRolloutData === null,
        "debug.loadRolloutData",
        "training alone needs rollouts that were kept",
        "Set debug.loadRolloutData to the template they were saved under (debug.saveRolloutData).",
      ),
  },
  {
    id: "debug-rollout-template",
    severity: "error",
    beyondReference: true,
    backend: "miles",
    reference: "Not checked: every rollout overwrites the last, or none is found.",
    check: ({ recipe: { debug: d } }) =>
      faultIf(
        [d.saveRolloutData, d.loadRolloutData].some(
          (path) => path !== null && !path.includes("{rollout_id}"),
        ),
        "debug.saveRolloutData",
        "a template without {rollout_id} names one file for all rollouts",
        "Write {rollout_id} into the path.",
      ),
  },
  {
    id: "debug-details-override",
    severity: "warning",
    beyondReference: true,
    backend: "miles",
    reference: "Overwrites the templates silently (A:3135-3139).",
    check: ({ recipe: { debug: d } }) =>
      faultIf(
        d.dumpDetails !== null && (d.saveRolloutData !== null || d.saveTrainData !== null),
        "debug.dumpDetails",
        "dumpDetails decides where rollouts and training data are kept",
        "Set the other two to null.",
      ),
  },
];
