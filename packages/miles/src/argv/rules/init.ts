import type { Args } from "../args.ts";
import { floorDivide, modulo } from "../python-number.ts";
import { parallelState, rule, type ArgvRule, type Step } from "../step.ts";

const calculator = (line: number): string => `megatron/core/num_microbatches_calculator.py:${line}`;

const expertModel = (a: Args): number =>
  a.num("expert_tensor_parallel_size") *
  a.num("expert_model_parallel_size") *
  a.num("pipeline_model_parallel_size");

const replicas = (a: Args): number =>
  floorDivide(
    a.num("world_size"),
    a.num("tensor_model_parallel_size") *
      a.num("pipeline_model_parallel_size") *
      a.num("context_parallel_size"),
  );

const SIZES = [
  "tensor_model_parallel_size",
  "pipeline_model_parallel_size",
  "context_parallel_size",
];

const expertReplicas = (a: Args): number => floorDivide(a.num("world_size"), expertModel(a));
const instances = (a: Args): number => a.num("num_distributed_optimizer_instances");
const growing = (a: Args): boolean => !a.none("rampup_batch_size");
const unit = (a: Args): number => a.num("micro_batch_size") * a.num("data_parallel_size");

/** The three numbers of a growing batch: start, increment, samples. */
function ramp(a: Args): readonly [number, number, number] {
  const [start = 0, increment = 0, samples = 0] = a.list("rampup_batch_size").map(Number);
  return [start, increment, samples];
}

function rampRule(
  name: string,
  line: number,
  reason: string,
  violated: (a: Args) => boolean,
): ArgvRule {
  return rule(
    `batch-ramp-${name}`,
    calculator(line),
    ["--rampup-batch-size", "--global-batch-size"],
    reason,
    "Drop --rampup-batch-size: miles trains with one batch size.",
    (a) => growing(a) && violated(a),
  );
}

/** Process groups and micro-batches, as every process of the trainer sets them up. */
export const INIT_STEPS: readonly Step[] = [
  rule(
    "groups-none",
    parallelState(738),
    ["--actor-num-nodes", "--actor-num-gpus-per-node"],
    "there is no GPU to train on",
    "Use at least one node and one GPU.",
    (a) => a.num("world_size") <= 0,
    "distributed_c10d",
  ),
  rule(
    "groups-world",
    parallelState(744),
    ["--tensor-model-parallel-size", "--actor-num-gpus-per-node"],
    "the GPUs do not divide into copies of the model",
    "Choose sizes whose product divides the number of GPUs.",
    (a) =>
      modulo(
        a.num("world_size"),
        a.num("tensor_model_parallel_size") *
          a.num("pipeline_model_parallel_size") *
          a.num("context_parallel_size"),
      ) !== 0,
  ),
  rule(
    "groups-interleaved",
    parallelState(750),
    ["--pipeline-model-parallel-size"],
    "interleaving needs a pipeline",
    "Use 2 stages or more.",
    (a) =>
      !a.none("virtual_pipeline_model_parallel_size") && a.num("pipeline_model_parallel_size") <= 1,
  ),
  rule(
    "groups-nccl-config",
    parallelState(770),
    ["--nccl-communicator-config-path"],
    "there is no such file",
    "Correct the path, or drop the flag.",
    (a, { files }) => {
      const path = a.text("nccl_communicator_config_path");
      return path !== null && !["file", "unknown"].includes(files.kind(path));
    },
  ),
  rule(
    "groups-experts-none",
    parallelState(794),
    ["--expert-model-parallel-size", "--expert-tensor-parallel-size"],
    "a parallel size is at least 1",
    "Use 1 or more.",
    (a) => expertModel(a) === 0,
  ),
  rule(
    "groups-experts",
    parallelState(796),
    [
      "--expert-model-parallel-size",
      "--expert-tensor-parallel-size",
      "--pipeline-model-parallel-size",
    ],
    "the GPUs do not divide into copies of the experts (ETP × EP × PP)",
    "Choose sizes whose product divides the number of GPUs.",
    (a) => modulo(a.num("world_size"), expertModel(a)) !== 0,
  ),
  rule(
    "groups-negative",
    parallelState(333),
    ["--tensor-model-parallel-size", "--context-parallel-size"],
    "a parallel size is at least 1",
    "Use 1 or more.",
    (a) => SIZES.some((name) => a.num(name) < 0),
  ),
  rule(
    "groups-order",
    parallelState(814),
    ["--use-tp-pp-dp-mapping", "--expert-model-parallel-size"],
    "with data-parallel ranks outermost, experts and attention need equally many replicas",
    "Drop --use-tp-pp-dp-mapping.",
    (a) =>
      a.on("use_tp_pp_dp_mapping") &&
      a.num("pipeline_model_parallel_size") !== 1 &&
      expertReplicas(a) !== replicas(a),
  ),
  rule(
    "groups-timeout",
    parallelState(822),
    ["--distributed-timeout-minutes"],
    "the timeout is no number, which only a --custom-config-path can make of it",
    "Write the minutes without quotes.",
    (a) => !["number", "boolean"].includes(typeof a.get("distributed_timeout_minutes")),
  ),
  rule(
    "groups-optimizer-instances",
    parallelState(836),
    ["--num-distributed-optimizer-instances"],
    "the replicas do not divide into shards of the optimizer",
    "Use a divisor of the data parallel size.",
    (a) => modulo(replicas(a) * a.num("context_parallel_size"), instances(a)) !== 0,
  ),
  rule(
    "groups-backend-connections",
    parallelState(1064),
    ["--pipeline-model-parallel-comm-backend"],
    "UCC needs several CUDA connections, tensor parallelism needs one",
    "Use nccl.",
    (a, world) =>
      a.is("pipeline_model_parallel_comm_backend", "ucc") &&
      world.env("CUDA_DEVICE_MAX_CONNECTIONS") === "1",
  ),
  rule(
    "groups-expert-instances",
    parallelState(1267),
    ["--num-distributed-optimizer-instances", "--expert-model-parallel-size"],
    "the experts' replicas do not divide into shards of the optimizer",
    "Use a divisor of the experts' data parallel size.",
    (a) => instances(a) > 1 && modulo(expertReplicas(a), instances(a)) !== 0,
  ),
  rule(
    "groups-independent",
    "miles/backends/megatron_utils/initialize.py:91",
    ["--indep-dp"],
    "an independent replica trains alone",
    "Drop --indep-dp.",
    (a) => a.on("indep_dp") && !a.is("data_parallel_size", 1),
  ),
  rampRule("start", 401, "a batch holds at least one sample", (a) => ramp(a)[0] <= 0),
  rampRule("increment", 404, "a batch grows", (a) => ramp(a)[1] <= 0),
  rampRule("samples", 407, "samples cannot be negative", (a) => ramp(a)[2] < 0),
  rampRule(
    "above",
    425,
    "the batch starts above its size",
    (a) => a.num("global_batch_size") < ramp(a)[0],
  ),
  rampRule(
    "steps",
    429,
    "the batch does not grow to its size",
    (a) => modulo(a.num("global_batch_size") - ramp(a)[0], ramp(a)[1]) !== 0,
  ),
  rampRule(
    "none",
    436,
    "the batch has its size from the start",
    (a) => a.num("global_batch_size") === ramp(a)[0],
  ),
  rampRule("instant", 456, "the batch grows over no samples", (a) => ramp(a)[2] === 0),
  rule(
    "batch-divides",
    calculator(340),
    ["--global-batch-size", "--num-steps-per-rollout", "--micro-batch-size"],
    "the batch does not divide into micro-batches on all replicas, which is checked even when tokens decide",
    "Make prompts × samples // steps a multiple of micro-batch size × data parallel size.",
    (a) =>
      !growing(a) &&
      !a.on("decrease_batch_size_if_needed") &&
      modulo(a.num("global_batch_size"), unit(a)) !== 0,
  ),
  rule(
    "batch-too-small",
    calculator(349),
    ["--global-batch-size", "--micro-batch-size"],
    "the batch does not hold one micro-batch a replica",
    "Use a larger batch.",
    (a) => !growing(a) && floorDivide(a.num("global_batch_size"), unit(a)) < 1,
  ),
];
