import { faultIf, type Rule } from "./rule.ts";

export const CHECKPOINT_RULES: readonly Rule[] = [
  {
    id: "checkpoint-save-folder",
    severity: "error",
    beyondReference: false,
    backend: "miles",
    reference: "AssertionError \"'--save' is required when save_interval is set.\" (A:3027-3028).",
    check: ({ recipe: { checkpoint: c } }) =>
      faultIf(
        c.save === null && c.saveInterval !== null,
        "checkpoint.save",
        `saves are due every ${c.saveInterval ?? 0} rollouts but there is no folder for them`,
        "Set checkpoint.save, or checkpoint.saveInterval=null.",
      ),
  },
  {
    id: "checkpoint-save-interval",
    severity: "error",
    beyondReference: false,
    backend: "miles",
    reference: "Bare AssertionError without a text (MG:901-906).",
    check: ({ recipe: { checkpoint: c } }) =>
      faultIf(
        c.save !== null && c.saveInterval === null,
        "checkpoint.saveInterval",
        "there is a folder for checkpoints but no interval",
        "Set checkpoint.saveInterval (the recipe: 20), or checkpoint.save=null.",
      ),
  },
  {
    id: "checkpoint-reference-policy",
    severity: "error",
    beyondReference: false,
    backend: "miles",
    reference:
      "ref_load None is a bare TypeError with a KL (A:2932-2934), and a bare assert in the actor at a fresh start without one (model.py:144).",
    check: ({ recipe: { checkpoint: c } }) =>
      faultIf(
        c.refLoad === null,
        "checkpoint.refLoad",
        "a fresh run starts from the reference policy, and the KL is measured against it",
        "Set checkpoint.refLoad to the converted torch_dist folder.",
      ),
  },
  {
    id: "checkpoint-resume-folder",
    severity: "note",
    beyondReference: true,
    backend: "miles",
    reference: "Not remarked on: a restarted run starts again from what `load` holds.",
    check: ({ recipe: { checkpoint: c } }) =>
      faultIf(
        c.save !== null && c.load !== c.save,
        "checkpoint.load",
        "a restarted run will not find the checkpoints of this one",
        "Set checkpoint.load to the same folder as checkpoint.save.",
      ),
  },
  {
    id: "checkpoint-retain",
    severity: "error",
    beyondReference: false,
    backend: "miles",
    reference: "Bare asserts (MG:904-906).",
    check: ({ recipe: { checkpoint: c } }) =>
      faultIf(
        c.saveRetainInterval !== null &&
          c.save !== null &&
          c.saveInterval !== null &&
          (c.saveRetainInterval < 1 ||
            (c.saveInterval >= 1 && c.saveRetainInterval % c.saveInterval !== 0)),
        "checkpoint.saveRetainInterval",
        `no save falls on every multiple of ${c.saveRetainInterval ?? 0}`,
        "Use a multiple of checkpoint.saveInterval.",
      ),
  },
  {
    id: "checkpoint-async",
    severity: "warning",
    beyondReference: true,
    backend: "miles",
    reference: "Switched off with a warning (MG:1202-1208).",
    check: ({ recipe: { checkpoint: c } }) =>
      faultIf(
        c.asyncSave && !c.usePersistentCkptWorker,
        "checkpoint.asyncSave",
        "without a persistent worker saves stay synchronous",
        "Set checkpoint.usePersistentCkptWorker=true.",
      ),
  },
  {
    id: "checkpoint-bridge-resume",
    severity: "warning",
    beyondReference: true,
    backend: "miles",
    reference: "start_rollout_id is 0 even on resume (A:2987-2997).",
    check: ({ recipe: { model, checkpoint: c } }) =>
      faultIf(
        model.megatronToHfMode === "bridge" && c.load !== null,
        "model.megatronToHfMode",
        "a run that resumes through the bridge counts its rollouts from 0 again",
        "Use raw, or expect the data order and the schedule to start anew.",
      ),
  },
  {
    id: "checkpoint-not-resumable",
    severity: "note",
    beyondReference: true,
    backend: "miles",
    reference: "Not remarked on.",
    check: ({ recipe: { checkpoint: c } }) =>
      faultIf(
        c.noSaveOptim && c.save !== null && c.load === c.save,
        "checkpoint.noSaveOptim",
        "a resume from these saves starts with an empty optimizer",
        "Leave it false where runs must survive a restart unchanged.",
      ),
  },
];
