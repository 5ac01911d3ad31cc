import type { Args } from "../args.ts";
import { megatron, override, rule, type Step } from "../step.ts";
import type { World } from "../world.ts";

const fsdp2 = (a: Args): boolean => a.on("use_torch_fsdp2");

const megatronFsdp = (a: Args): boolean => a.on("use_megatron_fsdp");

const oneConnection = (world: World): boolean => world.env("CUDA_DEVICE_MAX_CONNECTIONS") === "1";

const STATE = ["main_grads_dtype", "main_params_dtype", "exp_avg_dtype", "exp_avg_sq_dtype"];

/** Number formats, FSDP and graphs of the whole iteration. */
export const MEGATRON_PRECISION_STEPS: readonly Step[] = [
  rule(
    "precision-state-format",
    megatron(713),
    ["--main-grads-dtype", "--main-params-dtype", "--exp-avg-dtype", "--exp-avg-sq-dtype"],
    "the optimizer's state has no such format",
    "Use fp32, bf16, fp16 or fp8.",
    (a) => STATE.some((name) => !a.isOneOf(name, "fp32", "bf16", "fp16", "fp8")),
  ),
  rule(
    "fp8-gather-sharded",
    megatron(721),
    ["--fp8-param-gather", "--optimizer"],
    "weights are gathered in FP8 only when something is sharded",
    "Use --optimizer adam.",
    (a) =>
      a.on("fp8_param_gather") &&
      !a.on("use_distributed_optimizer") &&
      !fsdp2(a) &&
      !megatronFsdp(a),
  ),
  rule(
    "fp8-and-fp4",
    megatron(726),
    ["--fp4-format", "--fp8-format"],
    "the model computes either in FP4 or in FP8",
    "Keep one of the two.",
    (a) => a.on("fp4") && a.on("fp8"),
  ),
  rule(
    "fp4-gather-format",
    megatron(730),
    ["--fp4-param-gather", "--fp4-format"],
    "weights are in FP4 only when the model computes in it",
    "Add --fp4-format.",
    (a) => a.on("fp4_param") && !a.on("fp4"),
  ),
  rule(
    "megatron-fsdp-hashes",
    megatron(749),
    ["--check-weight-hash-across-dp-replicas-interval"],
    "sharded weights cannot be compared between replicas",
    "Drop the flag.",
    (a) =>
      megatronFsdp(a) &&
      a.is("data_parallel_sharding_strategy", "optim_grads_params") &&
      !a.none("check_weight_hash_across_dp_replicas_interval"),
  ),
  rule(
    "megatron-fsdp-connections",
    megatron(752),
    ["--use-megatron-fsdp"],
    "FSDP needs several CUDA connections, miles' launcher sets CUDA_DEVICE_MAX_CONNECTIONS=1",
    "Drop --use-megatron-fsdp.",
    (a, world) => megatronFsdp(a) && oneConnection(world),
  ),
  rule(
    "megatron-fsdp-format",
    megatron(755),
    ["--ckpt-format", "--use-megatron-fsdp"],
    "FSDP writes checkpoints of its own format",
    "Use --ckpt-format fsdp_dtensor.",
    (a) => megatronFsdp(a) && !a.is("ckpt_format", "fsdp_dtensor"),
  ),
  rule(
    "fsdp-registration",
    megatron(761),
    ["--fsdp-manual-registration", "--use-megatron-fsdp"],
    "registration belongs to FSDP",
    "Drop the flag.",
    (a) => a.on("fsdp_manual_registration") && !megatronFsdp(a),
  ),
  rule(
    "fsdp-registration-buffers",
    megatron(762),
    ["--fsdp-manual-registration", "--use-nccl-ub"],
    "registration needs NCCL's user buffers",
    "Drop the flag.",
    (a) => a.on("fsdp_manual_registration") && !a.on("nccl_ub"),
  ),
  override(
    "precision-parameters",
    megatron(765),
    ["--fp16", "--no-check-for-nan-in-loss-and-grad"],
    "with a dynamic loss scale NaN is expected, so it is not looked for",
    (a) => {
      a.set("params_dtype", a.on("fp16") ? "fp16" : a.on("bf16") ? "bf16" : "fp32");
      if (a.on("fp16") && !a.on("loss_scale")) a.set("check_for_nan_in_loss_and_grad", false);
    },
  ),
  rule(
    "precision-fp16-and-bf16",
    megatron(767),
    ["--fp16", "--bf16"],
    "weights have one format",
    "Keep one of the two flags.",
    (a) => a.on("fp16") && a.on("bf16"),
  ),
  rule(
    "precision-main-gradients",
    megatron(781),
    ["--main-grads-dtype", "--accumulate-allreduce-grads-in-fp32"],
    "gradients summed in FP32 are FP32",
    "Drop --main-grads-dtype.",
    (a) =>
      a.on("bf16") &&
      a.on("accumulate_allreduce_grads_in_fp32") &&
      !a.is("main_grads_dtype", "fp32"),
  ),
  override(
    "precision-gradient-sum",
    megatron(787),
    ["--accumulate-allreduce-grads-in-fp32", "--grad-reduce-in-bf16"],
    "bf16 gradients are summed in FP32 unless --grad-reduce-in-bf16 is given",
    (a) => {
      if (!a.on("bf16")) return;
      if (a.on("grad_reduce_in_bf16")) a.set("accumulate_allreduce_grads_in_fp32", false);
      else if (a.is("main_grads_dtype", "fp32")) {
        a.set("accumulate_allreduce_grads_in_fp32", true);
      }
    },
  ),
  rule(
    "graph-nan-check",
    megatron(791),
    ["--no-check-for-nan-in-loss-and-grad", "--cuda-graph-scope"],
    "a graph of the whole iteration cannot stop on NaN",
    "Add --no-check-for-nan-in-loss-and-grad.",
    (a) =>
      a.is("cuda_graph_impl", "local") &&
      a.list("cuda_graph_scope").includes("full_iteration") &&
      !a.on("inference_dynamic_batching") &&
      a.on("check_for_nan_in_loss_and_grad"),
  ),
  rule(
    "graph-fp8",
    megatron(794),
    ["--fp8-format", "--cuda-graph-scope"],
    "dynamic batching in a graph excludes FP8",
    "Drop --fp8-format.",
    (a) =>
      a.is("cuda_graph_impl", "local") &&
      a.list("cuda_graph_scope").includes("full_iteration") &&
      a.on("inference_dynamic_batching") &&
      !a.none("fp8"),
  ),
];
