import type { Args } from "../args.ts";
import { modulo } from "../python-number.ts";
import { miles, override, rule, type ArgvRule, type Step } from "../step.ts";
import { rolloutRefactor, type World } from "../world.ts";

const asynchronous = (a: Args): boolean => a.on("fully_async");

function fullyAsync(
  name: string,
  line: number,
  flag: string,
  reason: string,
  violated: (a: Args, world: World) => boolean,
): ArgvRule {
  return rule(
    `fully-async-${name}`,
    miles(line),
    [flag, "--fully-async"],
    reason,
    "Leave one of the two flags out.",
    (a, world) => asynchronous(a) && violated(a, world),
  );
}

/** The module of an evaluation function that the driver has to import. */
function missingModule(a: Args, world: World): boolean {
  const path = a.text("eval_function_path");
  if (path === null || path === "") return false;
  const module = path.includes(".") ? path.slice(0, path.lastIndexOf(".")) : path;
  return world.importable(module) === false;
}

const snapshots = (a: Args): boolean => a.num("eval_num_gpus") > 0;

function snapshot(
  name: string,
  line: number,
  flag: string,
  reason: string,
  fix: string,
  violated: (a: Args, world: World) => boolean,
): ArgvRule {
  return rule(
    `snapshot-evaluation-${name}`,
    miles(line),
    [flag, "--eval-num-gpus"],
    reason,
    fix,
    (a, world) => snapshots(a) && violated(a, world),
  );
}

/** Which code generates and evaluates. */
export const ROLLOUT_FUNCTION_STEPS: readonly Step[] = [
  rule(
    "async-one-group",
    miles(3351),
    ["--async-max-concurrent-samples", "--n-samples-per-prompt"],
    "not even one group of samples may be in flight",
    "Allow at least --n-samples-per-prompt samples.",
    (a) =>
      !a.none("async_max_concurrent_samples") &&
      a.num("async_max_concurrent_samples") < a.num("n_samples_per_prompt"),
  ),
  rule(
    "fully-async-interface",
    miles(46),
    ["--fully-async"],
    "it is written for the class-based rollout interface, which is off",
    "Set MILES_EXPERIMENTAL_ROLLOUT_REFACTOR=1 in the job's environment.",
    (a, world) => asynchronous(a) && !rolloutRefactor(world),
  ),
  fullyAsync("adapters", 51, "--multi-lora-n-adapters", "both choose the rollout function", (a) =>
    a.on("multi_lora"),
  ),
  fullyAsync(
    "function",
    53,
    "--rollout-function-path",
    "both choose the rollout function",
    (a) => !a.none("rollout_function_path"),
  ),
  fullyAsync("colocate", 55, "--colocate", "engines generate while training runs", (a) =>
    a.on("colocate"),
  ),
  fullyAsync("partial", 56, "--partial-rollout", "nothing is aborted, so nothing is partial", (a) =>
    a.on("partial_rollout"),
  ),
  fullyAsync(
    "abort",
    57,
    "--pause-generation-mode",
    "each update would throw all samples away",
    (a) => a.is("pause_generation_mode", "abort"),
  ),
  fullyAsync(
    "prefill",
    61,
    "--recompute-logprobs-via-prefill",
    "log-probabilities are taken while generating",
    (a) => a.on("recompute_logprobs_via_prefill"),
  ),
  fullyAsync(
    "all-samples",
    65,
    "--rollout-all-samples-process-path",
    "there is no moment at which all samples are there",
    (a) => !a.none("rollout_all_samples_process_path"),
  ),
  rule(
    "evaluation-function-import",
    miles(72),
    ["--eval-function-path"],
    "Python cannot import the module of the evaluation function",
    "Correct the dotted path, or put the module on PYTHONPATH.",
    missingModule,
    "importlib",
  ),
  override("rollout-functions", miles(69), ["--rollout-function-path"], null, (a, world) => {
    const standard = rolloutRefactor(world)
      ? "miles.rollout.inference_rollout.inference_rollout_common.InferenceRolloutFn"
      : "miles.rollout.sglang_rollout.generate_rollout";
    const rollout = asynchronous(a)
      ? "miles.rollout.fully_async_rollout.FullyAsyncRolloutFn"
      : (a.text("rollout_function_path") ?? standard);
    a.set("rollout_function_path", rollout);
    if (!a.on("eval_function_path")) a.set("eval_function_path", rollout);
    a.set("eval_uses_snapshots", snapshots(a));
  }),
  snapshot(
    "interface",
    3362,
    "--eval-num-gpus",
    "evaluation on engines of its own is written for the class-based rollout interface, which is off",
    "Set MILES_EXPERIMENTAL_ROLLOUT_REFACTOR=1 in the job's environment.",
    (_, world) => !rolloutRefactor(world),
  ),
  snapshot("interval", 3365, "--eval-interval", "nothing says when", "Set --eval-interval.", (a) =>
    a.none("eval_interval"),
  ),
  snapshot(
    "source",
    3366,
    "--eval-hf-dir",
    "there are no weights to evaluate",
    "Set --eval-hf-dir or --save-hf.",
    (a) => a.none("eval_hf_dir") && a.none("save_hf"),
  ),
  snapshot("colocate", 3370, "--colocate", "it needs GPUs of its own", "Drop --colocate.", (a) =>
    a.on("colocate"),
  ),
  snapshot(
    "debug",
    3371,
    "--debug-train-only",
    "half of it is missing",
    "Drop the debug flag.",
    (a) => a.on("debug_train_only") || a.on("debug_rollout_only"),
  ),
  snapshot(
    "multiple",
    3375,
    "--eval-interval",
    "weights are only there when they are saved",
    "Use a multiple of --save-interval, or set --eval-hf-dir.",
    (a) =>
      a.none("eval_hf_dir") &&
      (a.none("save_interval") || modulo(a.num("eval_interval"), a.num("save_interval")) !== 0),
  ),
];
