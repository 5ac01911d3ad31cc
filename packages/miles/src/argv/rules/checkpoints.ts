import type { Args } from "../args.ts";
import { miles, override, rule, type Step, type Violation } from "../step.ts";
import { exists, hasTracker, type World } from "../world.ts";

const needsReference = (a: Args): boolean => a.num("kl_coef") !== 0 || a.on("use_kl_loss");

function resumable(a: Args, world: World): boolean {
  const folder = a.text("load");
  return folder !== null && hasTracker(world, folder);
}

function badTeacherUrls(a: Args): Violation | false {
  const names = new Set<string>();
  for (const entry of a.list("opd_teacher_urls")) {
    const [, name, url] = /^([^=]*)=(.*)$/s.exec(typeof entry === "string" ? entry : "") ?? [];
    if (name === undefined || url === undefined || name.trim() === "" || url.trim() === "") {
      return { at: "miles/rollout/on_policy_distillation.py:38", reason: "not written NAME=URL" };
    }
    if (names.has(name.trim())) {
      return {
        at: "miles/rollout/on_policy_distillation.py:40",
        reason: "a teacher is named twice",
      };
    }
    names.add(name.trim());
  }
  return false;
}

/** The reference model, the teacher, and where training starts from. */
export const CHECKPOINT_STEPS: readonly Step[] = [
  rule(
    "reference-model-missing",
    miles(2933),
    ["--ref-load", "--use-kl-loss"],
    "a KL term needs a reference model, and none is given",
    "Set --ref-load to the converted checkpoint.",
    (a) => needsReference(a) && a.none("ref_load"),
    "genericpath",
  ),
  rule(
    "reference-model-absent",
    miles(2934),
    ["--ref-load"],
    "the reference model's folder does not exist",
    "Convert the checkpoint there first, or correct the path.",
    (a, world) => needsReference(a) && !exists(world, a.text("ref_load") ?? ""),
  ),
  rule(
    "distillation-type",
    miles(2945),
    ["--opd-type", "--use-opd"],
    "on-policy distillation does not know where its teacher runs",
    "Set --opd-type to sglang or megatron.",
    (a) => a.on("use_opd") && a.none("opd_type"),
  ),
  rule(
    "distillation-top-k-negative",
    miles(2947),
    ["--opd-log-prob-top-k"],
    "a count cannot be negative",
    "Use 0 or more.",
    (a) => a.on("use_opd") && a.num("opd_log_prob_top_k") < 0,
  ),
  rule(
    "distillation-top-k-engine",
    miles(2949),
    ["--opd-log-prob-top-k", "--opd-type"],
    "only a teacher in SGLang returns the likeliest tokens",
    "Use --opd-type sglang, or drop the flag.",
    (a) => a.on("use_opd") && a.num("opd_log_prob_top_k") > 0 && !a.is("opd_type", "sglang"),
  ),
  rule(
    "distillation-urls-engine",
    miles(2952),
    ["--opd-teacher-urls", "--opd-type"],
    "addresses of teachers belong to SGLang",
    "Use --opd-type sglang, or drop the addresses.",
    (a) => a.on("use_opd") && a.on("opd_teacher_urls") && !a.is("opd_type", "sglang"),
  ),
  rule(
    "distillation-urls",
    miles(2956),
    ["--opd-teacher-urls"],
    "the addresses of the teachers cannot be read",
    "Write NAME=URL, each name once.",
    (a) => a.on("use_opd") && a.on("opd_teacher_urls") && badTeacherUrls(a),
  ),
  rule(
    "distillation-teacher-missing",
    miles(2960),
    ["--opd-teacher-load"],
    "a teacher in Megatron needs its checkpoint",
    "Set --opd-teacher-load.",
    (a) => a.on("use_opd") && a.is("opd_type", "megatron") && a.none("opd_teacher_load"),
  ),
  rule(
    "distillation-teacher-absent",
    miles(2965),
    ["--opd-teacher-load"],
    "the teacher's folder does not exist",
    "Correct the path.",
    (a, world) =>
      a.on("use_opd") &&
      a.is("opd_type", "megatron") &&
      !exists(world, a.text("opd_teacher_load") ?? ""),
  ),
  rule(
    "distillation-teacher-useless",
    miles(2976),
    ["--opd-teacher-load", "--opd-type"],
    "a teacher in SGLang is asked over the network; its checkpoint is not loaded",
    "Drop --opd-teacher-load.",
    (a) => a.on("use_opd") && a.is("opd_type", "sglang") && !a.none("opd_teacher_load"),
  ),
  rule(
    "distillation-off-load",
    miles(2982),
    ["--opd-teacher-load", "--use-opd"],
    "a teacher is given, but distillation is off",
    "Add --use-opd.",
    (a) => !a.on("use_opd") && !a.none("opd_teacher_load"),
  ),
  rule(
    "distillation-off-urls",
    miles(2984),
    ["--opd-teacher-urls", "--use-opd"],
    "teachers are given, but distillation is off",
    "Add --use-opd.",
    (a) => !a.on("use_opd") && a.on("opd_teacher_urls"),
  ),
  override(
    "start-bridge",
    miles(2996),
    ["--load", "--start-rollout-id"],
    "in bridge mode counting starts at rollout 0 even when a checkpoint is resumed, and without one the reference model is loaded",
    (a, world) => {
      if (!a.is("megatron_to_hf_mode", "bridge")) return;
      if (!resumable(a, world)) {
        a.set("load", a.on("ref_load") ? a.get("ref_load") : a.get("hf_checkpoint"));
      }
      a.set("start_rollout_id", 0);
    },
  ),
  override(
    "start-fresh",
    miles(3004),
    ["--load", "--start-rollout-id", "--ckpt-step"],
    "--load holds no checkpoint: training starts at rollout 0 from the reference model, with a new optimizer",
    (a, world) => {
      if (a.is("megatron_to_hf_mode", "bridge") || resumable(a, world)) return;
      a.set("no_load_optim", true);
      a.set("no_load_rng", true);
      a.set("finetune", true);
      a.set("load", a.get("ref_load"));
      if (!a.none("ref_ckpt_step")) a.set("ckpt_step", a.get("ref_ckpt_step"));
      a.set("start_rollout_id", 0);
    },
  ),
];
