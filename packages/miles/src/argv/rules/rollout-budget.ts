import type { Args } from "../args.ts";
import { readFileArgument } from "../file-argument.ts";
import type { Value } from "../flag-spec.ts";
import { floorDivide } from "../python-number.ts";
import { miles, override, rule, type Step, type Violation } from "../step.ts";
import type { World } from "../world.ts";

const steps = (a: Args): boolean => !a.none("num_steps_per_rollout");

function stepSize(a: Args): number {
  const samples = a.num("rollout_batch_size") * a.num("n_samples_per_prompt");
  return floorDivide(samples, a.num("num_steps_per_rollout"));
}

function customFault(a: Args, world: World): Violation | false {
  const path = a.text("custom_config_path");
  if (path === null || path === "") return false;
  const read = readFileArgument(path, world);
  if (read.kind === "fault") return read.fault;
  if (read.kind === "unknown" || !truthy(read.data)) return false;
  if (isMapping(read.data)) {
    return read.plainKeys ? false : { at: miles(3428), reason: "a name is not a text" };
  }
  return { at: miles(3427), reason: "its root is not a mapping" };
}

/** Python's truth of YAML data: an empty file or list counts as an empty mapping. */
function truthy(data: unknown): boolean {
  return Array.isArray(data) ? data.length > 0 : Boolean(data);
}

function isMapping(data: unknown): data is Record<string, Value> {
  return typeof data === "object" && data !== null && !Array.isArray(data);
}

/** How many samples, steps and rollouts. */
export const ROLLOUT_BUDGET_STEPS: readonly Step[] = [
  rule(
    "batch-steps-zero",
    miles(3382),
    ["--num-steps-per-rollout"],
    "a rollout cannot be divided into zero steps",
    "Use 1 or more.",
    (a) => steps(a) && a.is("num_steps_per_rollout", 0),
  ),
  rule(
    "batch-steps-agree",
    miles(3384),
    ["--global-batch-size", "--num-steps-per-rollout"],
    "the batch size is not what the steps make of a rollout (prompts × samples // steps)",
    "Drop one of the two flags.",
    (a) => steps(a) && !a.none("global_batch_size") && a.num("global_batch_size") !== stepSize(a),
  ),
  override(
    "batch-from-steps",
    miles(3389),
    ["--global-batch-size", "--num-steps-per-rollout"],
    "the batch size is prompts × samples // steps, rounded down; what is left over is thrown away",
    (a) => {
      if (steps(a)) a.set("global_batch_size", stepSize(a));
    },
  ),
  override(
    "algorithm-single-sample",
    miles(3394),
    ["--disable-grpo-std-normalization", "--n-samples-per-prompt"],
    "one sample has no standard deviation, so rewards are not divided by it",
    (a) => {
      if (a.is("n_samples_per_prompt", 1) && !a.on("multi_lora")) {
        a.set("grpo_std_normalization", false);
      }
    },
  ),
  override(
    "rollout-over-sampling",
    miles(3398),
    ["--over-sampling-batch-size"],
    "as many prompts are sampled as are needed unless told otherwise",
    (a) => {
      if (a.none("over_sampling_batch_size")) {
        a.set("over_sampling_batch_size", a.get("rollout_batch_size"));
      }
    },
  ),
  rule(
    "rollout-over-sampling-small",
    miles(3400),
    ["--over-sampling-batch-size", "--rollout-batch-size"],
    "fewer prompts would be sampled than a rollout needs",
    "Use at least --rollout-batch-size.",
    (a) => a.num("over_sampling_batch_size") < a.num("rollout_batch_size"),
  ),
  rule(
    "rollout-epoch-dataset",
    miles(3409),
    ["--disable-rollout-global-dataset", "--num-epoch"],
    "epochs are counted on the global dataset, which is off",
    "Drop --disable-rollout-global-dataset, or use --num-rollout.",
    (a) => !a.none("num_epoch") && a.none("num_rollout") && !a.on("rollout_global_dataset"),
  ),
  rule(
    "rollout-count-missing",
    miles(3415),
    ["--num-rollout", "--num-epoch"],
    "nothing says when the run ends",
    "Set --num-rollout.",
    (a) => a.none("num_epoch") && a.none("num_rollout"),
  ),
  rule(
    "mtp-layers-missing",
    miles(3420),
    ["--mtp-num-layers", "--enable-mtp-training"],
    "there are no layers for multi-token prediction to train",
    "Set --mtp-num-layers.",
    (a) => a.on("enable_mtp_training") && !a.on("mtp_num_layers"),
  ),
  override(
    "routing-replay",
    miles(3423),
    ["--use-rollout-routing-replay", "--use-routing-replay"],
    "replaying the engines' routing switches routing replay on",
    (a) => {
      if (a.on("use_rollout_routing_replay")) a.set("use_routing_replay", true);
    },
  ),
  rule(
    "custom-config",
    miles(3426),
    ["--custom-config-path"],
    "the custom config cannot be used",
    "Write a YAML mapping of argument names to values.",
    customFault,
  ),
  override(
    "custom-config-values",
    miles(3430),
    ["--custom-config-path"],
    "the custom config replaces arguments after most checks of miles",
    (a, world) => {
      const path = a.text("custom_config_path");
      if (path === null || path === "") return;
      const read = readFileArgument(path, world);
      if (read.kind !== "data" || !isMapping(read.data)) return;
      for (const [name, value] of Object.entries(read.data)) a.set(name, value);
    },
  ),
  rule(
    "indexer-replay-context-parallel",
    miles(3434),
    ["--use-rollout-indexer-replay", "--context-parallel-size"],
    "replaying the indexer does not work on split contexts",
    "Use --context-parallel-size 1.",
    (a) => a.on("use_rollout_indexer_replay") && !a.is("context_parallel_size", 1),
  ),
  override(
    "context-length-defaults",
    miles(3440),
    ["--eval-max-context-len", "--rollout-max-prompt-len"],
    "evaluation has the context of rollouts unless told otherwise, and a prompt leaves room for one token",
    (a) => {
      if (a.none("eval_max_context_len")) {
        a.set("eval_max_context_len", a.get("rollout_max_context_len"));
      }
      if (!a.none("rollout_max_context_len") && a.none("rollout_max_prompt_len")) {
        a.set("rollout_max_prompt_len", a.num("rollout_max_context_len") - 1);
      }
    },
  ),
  rule(
    "context-length-prompt",
    miles(3449),
    ["--rollout-max-prompt-len", "--rollout-max-context-len"],
    "a prompt may fill the whole context, leaving no token to train on",
    "Use less than --rollout-max-context-len.",
    (a) =>
      !a.none("rollout_max_context_len") &&
      a.num("rollout_max_prompt_len") > a.num("rollout_max_context_len") - 1,
  ),
  rule(
    "engines-prefill-external",
    miles(3453),
    ["--prefill-num-servers", "--rollout-external"],
    "external engines are already arranged",
    "Drop --prefill-num-servers.",
    (a) => !a.none("prefill_num_servers") && a.on("rollout_external"),
  ),
  rule(
    "engines-config-external",
    miles(3457),
    ["--sglang-config", "--rollout-external"],
    "external engines are already configured",
    "Drop --sglang-config.",
    (a) => !a.none("sglang_config") && a.on("rollout_external"),
  ),
  rule(
    "engines-config-prefill",
    miles(3461),
    ["--prefill-num-servers", "--sglang-config"],
    "the engine config already says which servers only prefill",
    "Describe server groups in the config instead.",
    (a) => !a.none("sglang_config") && !a.none("prefill_num_servers"),
  ),
  rule(
    "packing-bshd-dynamic",
    miles(3467),
    ["--qkv-format", "--use-dynamic-batch-size"],
    "samples of fixed length cannot be packed by tokens",
    "Drop --use-dynamic-batch-size and set --micro-batch-size.",
    (a) => a.is("qkv_format", "bshd") && a.on("use_dynamic_batch_size"),
  ),
  override(
    "dumper",
    miles(3509),
    ["--dumper-enable", "--num-rollout", "--save", "--eval-interval"],
    "the dumper runs one rollout, without evaluation, saving or fault tolerance",
    (a) => {
      if (!a.on("dumper_enable")) return;
      a.set("use_fault_tolerance", false);
      a.set("router_disable_health_check", true);
      a.set("rollout_health_check_interval", 1e18);
      const start = a.none("start_rollout_id") ? 0 : a.num("start_rollout_id");
      a.set("start_rollout_id", start);
      a.set("num_rollout", start + 1);
      for (const name of ["eval_interval", "save", "save_interval", "save_retain_interval"]) {
        a.set(name, null);
      }
    },
  ),
];
