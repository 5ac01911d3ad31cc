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
];
