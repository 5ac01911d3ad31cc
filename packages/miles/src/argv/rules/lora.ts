import type { Args } from "../args.ts";
import { modulo } from "../python-number.ts";
import { miles, override, rule, type ArgvRule, type Step } from "../step.ts";
import { ftTrainer } from "../world.ts";

const lora = (a: Args): boolean => a.num("lora_rank") > 0;

const several = (a: Args): boolean => a.num("multi_lora_n_adapters") > 0;

const MULTI = (line: number): string => `miles/utils/multi_lora.py:${line}`;

/** One condition of training several adapters at once. */
function multiLora(
  name: string,
  line: number,
  flag: string,
  reason: string,
  fix: string,
  violated: ArgvRule["violated"],
): ArgvRule {
  return rule(
    `multi-lora-${name}`,
    MULTI(line),
    [flag, "--multi-lora-n-adapters"],
    reason,
    fix,
    (a, world) => several(a) && violated(a, world),
  );
}

function replica(a: Args): number {
  return (
    a.num("tensor_model_parallel_size") *
    a.num("pipeline_model_parallel_size") *
    a.num("context_parallel_size")
  );
}

/** Adapters: one, or several at once. */
export const LORA_STEPS: readonly Step[] = [
  rule(
    "lora-targets",
    miles(3038),
    ["--target-modules", "--lora-rank"],
    "adapters are asked for, but not where",
    "Set --target-modules, for example all-linear.",
    (a) => lora(a) && a.none("target_modules"),
  ),
  override("lora-shared-outer", miles(3067), ["--experts-shared-outer-loras"], null, (a) => {
    if (lora(a) && a.on("experts_shared_outer_loras")) {
      a.set("sglang_experts_shared_outer_loras", true);
    }
  }),
  rule(
    "lora-shared-outer-agrees",
    miles(3068),
    ["--experts-shared-outer-loras", "--sglang-experts-shared-outer-loras"],
    "training and engines must use the same layout of the experts' adapters",
    "Give both flags, or neither.",
    (a) =>
      lora(a) &&
      a.has("sglang_experts_shared_outer_loras") &&
      a.on("experts_shared_outer_loras") !== a.on("sglang_experts_shared_outer_loras"),
  ),
  override("multi-lora", MULTI(70), ["--multi-lora-n-adapters"], null, (a) => {
    a.set("multi_lora", several(a));
    if (!several(a)) return;
    if (a.none("rollout_function_path")) {
      a.set(
        "rollout_function_path",
        "miles.rollout.multi_lora.async_rollout.generate_rollout_multi_lora",
      );
    }
    a.set("rollout_global_dataset", true);
  }),
  multiLora(
    "rank",
    81,
    "--lora-rank",
    "adapters have no rank",
    "Set --lora-rank.",
    (a) => !lora(a),
  ),
  multiLora(
    "targets",
    82,
    "--target-modules",
    "adapters have no place",
    "Set --target-modules.",
    (a) => a.none("target_modules"),
  ),
  multiLora(
    "pipeline",
    85,
    "--pipeline-model-parallel-size",
    "no rank holds a whole adapter when layers are split",
    "Use 1.",
    (a) => !a.is("pipeline_model_parallel_size", 1),
  ),
  multiLora(
    "packing",
    91,
    "--qkv-format",
    "samples of different adapters must be packed one after the other",
    "Use thd.",
    (a) => !a.is("qkv_format", "thd"),
  ),
  multiLora(
    "shared-outer",
    95,
    "--experts-shared-outer-loras",
    "experts have their own adapters here",
    "Drop the flag.",
    (a) => a.on("experts_shared_outer_loras"),
  ),
  multiLora("muon", 101, "--optimizer", "adapters are stepped by Adam only", "Use adam.", (a) =>
    (a.text("optimizer") ?? "").toLowerCase().includes("muon"),
  ),
  multiLora(
    "colocate",
    105,
    "--colocate",
    "adapters are sent to engines of their own",
    "Drop --colocate.",
    (a) => a.on("colocate"),
  ),
  multiLora(
    "independent",
    110,
    "--ft-components",
    "independent replicas cannot share adapters",
    "Remove train from --ft-components.",
    (a) => a.on("indep_dp") || a.list("ft_components").includes("train"),
  ),
  multiLora(
    "offload",
    112,
    "--offload-train",
    "gradients of the adapters stay on the GPU between steps",
    "Drop --offload-train.",
    (a) => a.on("offload_train"),
  ),
  multiLora(
    "witness",
    116,
    "--enable-witness",
    "the witness reads a sharded optimizer",
    "Drop the flag.",
    (a) => a.on("enable_witness"),
  ),
  multiLora(
    "tokenizers",
    120,
    "--sglang-tokenizer-worker-num",
    "each tokenizer process would keep adapters of its own",
    "Use 1.",
    (a) => !a.is("sglang_tokenizer_worker_num", 1),
  ),
  multiLora(
    "token-loss",
    127,
    "--calculate-per-token-loss",
    "samples are weighted by their adapter's batch",
    "Drop the flag.",
    (a) => a.on("calculate_per_token_loss"),
  ),
  multiLora(
    "wait",
    132,
    "--multi-lora-max-coalesce-wait-s",
    "a wait cannot be negative",
    "Use 0 or more.",
    (a) => a.num("multi_lora_max_coalesce_wait_s") < 0,
  ),
  multiLora(
    "adam",
    133,
    "--optimizer",
    "adapters are stepped by Adam only",
    "Use adam.",
    (a) => (a.text("optimizer") ?? "adam").toLowerCase() !== "adam",
  ),
  multiLora(
    "trainer",
    140,
    "--multi-lora-n-adapters",
    "the second fault-tolerant trainer does not know adapters",
    "Unset MILES_EXPERIMENTAL_FT_TRAINER.",
    (_, world) => ftTrainer(world),
  ),
  multiLora(
    "batch",
    150,
    "--multi-lora-max-adapter-global-batch-size",
    "a batch holds at least one sample",
    "Use a positive number.",
    (a) => {
      const own = a.get("multi_lora_max_adapter_global_batch_size");
      return own === null
        ? !a.none("global_batch_size") && a.num("global_batch_size") <= 0
        : a.num("multi_lora_max_adapter_global_batch_size") <= 0;
    },
  ),
  multiLora(
    "world",
    167,
    "--actor-num-gpus-per-node",
    "the GPUs do not divide into copies of the model",
    "Choose sizes whose product divides the number of GPUs.",
    (a) => modulo(a.num("world_size"), replica(a)) !== 0,
  ),
  multiLora(
    "trim",
    175,
    "--disable-rollout-trim-samples",
    "batches are sized exactly here",
    "Drop the flag.",
    (a) => a.on("disable_rollout_trim_samples"),
  ),
  override(
    "multi-lora-dynamic-batch",
    MULTI(179),
    ["--megatron-to-hf-mode", "--use-dynamic-global-batch-size"],
    "several adapters train in bridge mode with batches of varying size",
    (a) => {
      if (!several(a)) return;
      a.set("use_dynamic_global_batch_size", true);
      a.set("megatron_to_hf_mode", "bridge");
    },
  ),
];
