import { faultIf, type Rule } from "./rule.ts";

export const TRACKING_RULES: readonly Rule[] = [
  {
    id: "tracking-wandb-group",
    severity: "error",
    beyondReference: true,
    backend: "miles",
    reference: 'TypeError None + "_" when the run starts (wandb_utils.py:51-56).',
    check: ({ recipe: { tracking: t } }) =>
      faultIf(
        t.useWandb && t.wandbGroup === null && t.wandbRandomSuffix,
        "tracking.wandbGroup",
        "the random suffix is appended to the group, and there is none",
        "Set tracking.wandbGroup, or wandbRandomSuffix=false.",
      ),
  },
  {
    id: "tracking-tensorboard-folder",
    severity: "error",
    beyondReference: true,
    backend: "miles",
    reference:
      "ValueError when the run starts, unless TENSORBOARD_DIR is set (tensorboard_utils.py:28-45).",
    check: ({ recipe: { tracking: t, runtime } }) =>
      faultIf(
        t.useTensorboard &&
          t.tbProjectName === null &&
          runtime.env["TENSORBOARD_DIR"] === undefined,
        "tracking.tbProjectName",
        "TensorBoard files need a folder",
        "Set tracking.tbProjectName, or runtime.env={TENSORBOARD_DIR: …}.",
      ),
  },
  {
    id: "tracking-secret",
    severity: "error",
    beyondReference: true,
    backend: "miles",
    reference: "The whole configuration is sent to the tracker (wandb_utils.py:64).",
    check: ({ recipe: { runtime } }) =>
      faultIf(
        [...Object.keys(runtime.env), ...Object.keys(runtime.trainEnv)].some((name) =>
          /(API_?KEY|TOKEN|SECRET|PASSWORD)$/i.test(name),
        ) || runtime.extraArgs.includes("--wandb-key"),
        "runtime.env",
        "a secret in the recipe is stored with every run, and sent to the tracker",
        "Leave it out and set it in the environment of the workers.",
      ),
  },
];
