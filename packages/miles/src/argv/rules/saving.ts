import { modulo } from "../python-number.ts";
import { miles, rule, type ArgvRule, type Step } from "../step.ts";

const EVAL_ENGINE = "eval_sglang_";

function needsSave(id: string, line: number, name: string, flag: string): ArgvRule {
  return rule(
    id,
    miles(line),
    ["--save", flag],
    `${flag} has nowhere to save to`,
    "Set --save, or drop the other flag.",
    (a) => !a.none(name) && a.none("save"),
  );
}

/** Evaluation fleet and saving. */
export const SAVING_STEPS: readonly Step[] = [
  rule(
    "evaluation-without-data",
    miles(3013),
    ["--eval-interval", "--eval-prompt-data", "--eval-config"],
    "evaluation is asked for, but no dataset is named",
    "Name datasets with --eval-prompt-data, or drop --eval-interval.",
    (a) => !a.none("eval_interval") && !a.on("eval_datasets"),
  ),
  rule(
    "evaluation-fleet-size",
    miles(3016),
    ["--eval-num-gpus", "--eval-num-gpus-per-engine"],
    "the evaluation fleet does not divide into whole engines",
    "Use a multiple of --eval-num-gpus-per-engine.",
    (a) =>
      a.num("eval_num_gpus") > 0 &&
      modulo(a.num("eval_num_gpus"), a.num("eval_num_gpus_per_engine")) !== 0,
  ),
  rule(
    "evaluation-fleet-absent",
    miles(3022),
    ["--eval-num-gpus"],
    "--eval-sglang-* flags configure an evaluation fleet, and there is none",
    "Set --eval-num-gpus, or drop the --eval-sglang-* flags.",
    (a) =>
      a.num("eval_num_gpus") <= 0 && [...a.names()].some((name) => name.startsWith(EVAL_ENGINE)),
  ),
  needsSave("save-interval-needs-save", 3028, "save_interval", "--save-interval"),
  needsSave("save-sentinel-needs-save", 3031, "save_trigger_sentinel", "--save-trigger-sentinel"),
  needsSave(
    "save-hook-needs-save",
    3034,
    "custom_megatron_post_save_hook_path",
    "--custom-megatron-post-save-hook-path",
  ),
];
