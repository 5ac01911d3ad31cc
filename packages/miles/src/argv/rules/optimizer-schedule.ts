import type { Args } from "../args.ts";
import { floorDivide } from "../python-number.ts";
import { rule, type ArgvRule, type Step } from "../step.ts";

const optimizer = (line: number): string => `megatron/core/optimizer/optimizer_config.py:${line}`;

const scheduler = (line: number): string => `megatron/core/optimizer_param_scheduler.py:${line}`;

const aware = (a: Args): boolean => a.on("use_precision_aware_optimizer");

function fullPrecision(line: number, name: string): ArgvRule {
  const flag = `--${name.replaceAll("_", "-")}`;
  return rule(
    `optimizer-${name.replaceAll("_", "-")}`,
    optimizer(line),
    [flag, "--use-precision-aware-optimizer"],
    "only the precision-aware optimizer keeps its state in other formats",
    "Add --use-precision-aware-optimizer, or use fp32.",
    (a) => !aware(a) && !a.is(name, "fp32"),
  );
}

const batch = (a: Args): number => a.num("global_batch_size");

/** Optimizer steps of the whole run, in iterations. */
function iterations(a: Args): number {
  // With --num-epoch the number of rollouts comes from the dataset.
  const rollouts = a.none("num_rollout") ? 1 : a.num("num_rollout");
  const samples = rollouts * a.num("rollout_batch_size") * a.num("n_samples_per_prompt");
  return floorDivide(samples, batch(a));
}

function decaySteps(a: Args): number {
  return (a.none("lr_decay_iters") ? iterations(a) : a.num("lr_decay_iters")) * batch(a);
}

function warmupSteps(a: Args): number {
  return a.none("lr_warmup_fraction")
    ? a.num("lr_warmup_iters") * batch(a)
    : a.num("lr_warmup_fraction") * decaySteps(a);
}

/** The optimizer and its schedule. */
export const OPTIMIZER_STEPS: readonly Step[] = [
  rule(
    "optimizer-precision-aware-adam",
    optimizer(385),
    ["--optimizer", "--use-precision-aware-optimizer"],
    "only Adam is precision-aware",
    "Use --optimizer adam, or drop --use-precision-aware-optimizer.",
    (a) => aware(a) && !a.is("optimizer", "adam"),
  ),
  rule(
    "optimizer-precision-aware-sharded",
    optimizer(387),
    ["--use-precision-aware-optimizer"],
    "only the sharded optimizer is precision-aware",
    "Use --optimizer adam.",
    (a) => aware(a) && !a.on("use_distributed_optimizer"),
  ),
  fullPrecision(424, "main_grads_dtype"),
  fullPrecision(427, "main_params_dtype"),
  fullPrecision(430, "exp_avg_dtype"),
  fullPrecision(433, "exp_avg_sq_dtype"),
  rule("schedule-no-lr", scheduler(125), ["--lr"], "there is no learning rate", "Set --lr.", (a) =>
    a.none("lr"),
  ),
  rule(
    "schedule-min-lr",
    scheduler(127),
    ["--min-lr"],
    "a learning rate is not negative",
    "Use 0 or more.",
    (a) => !(a.num("min_lr") >= 0),
  ),
  rule(
    "schedule-lr",
    scheduler(128),
    ["--lr", "--min-lr"],
    "the highest learning rate is below the lowest",
    "Use at least --min-lr.",
    (a) => !(a.num("lr") >= a.num("min_lr")),
  ),
  rule(
    "schedule-warmup-start",
    scheduler(129),
    ["--lr-warmup-init", "--lr"],
    "warming up starts above the learning rate",
    "Use at most --lr.",
    (a) => !(a.num("lr_warmup_init") <= a.num("lr")),
  ),
  rule(
    "schedule-length",
    scheduler(136),
    ["--num-rollout", "--lr-decay-iters", "--rollout-batch-size"],
    "the run makes no optimizer step, so the schedule has no length",
    "Use --num-rollout 1 or more; evaluation alone is not possible with this trainer.",
    (a) => decaySteps(a) <= 0,
  ),
  rule(
    "schedule-warmup-length",
    scheduler(137),
    ["--lr-warmup-iters", "--lr-warmup-fraction", "--lr-decay-iters", "--num-rollout"],
    "warming up takes the whole run",
    "Warm up for fewer steps.",
    (a) => !(warmupSteps(a) < decaySteps(a)),
  ),
  rule(
    "schedule-wsd",
    scheduler(141),
    ["--lr-wsd-decay-iters", "--lr-decay-style"],
    "this style needs the length of its decay",
    "Set --lr-wsd-decay-iters.",
    (a) => a.is("lr_decay_style", "WSD") && a.none("lr_wsd_decay_iters"),
  ),
  rule(
    "schedule-weight-decay-start",
    scheduler(145),
    ["--weight-decay", "--start-weight-decay"],
    "a weight decay is not negative",
    "Use 0 or more.",
    (a) => !(a.num("start_weight_decay") >= 0),
  ),
  rule(
    "schedule-weight-decay-end",
    scheduler(146),
    ["--end-weight-decay", "--start-weight-decay"],
    "a growing weight decay ends below its start",
    "Use at least --start-weight-decay.",
    (a) => !(a.num("end_weight_decay") >= a.num("start_weight_decay")),
  ),
  rule(
    "schedule-override",
    scheduler(153),
    ["--override-opt-param-scheduler", "--use-checkpoint-opt-param-scheduler"],
    "the schedule comes either from the flags or from the checkpoint",
    "Keep one of the two flags.",
    (a) => a.on("override_opt_param_scheduler") && a.on("use_checkpoint_opt_param_scheduler"),
  ),
];
