import type { Args } from "../args.ts";
import { megatron, override, rule, type ArgvRule, type Step } from "../step.ts";
import type { World } from "../world.ts";

const gathers = (a: Args): boolean => a.on("overlap_param_gather");
const fsdp2 = (a: Args): boolean => a.on("use_torch_fsdp2");
const megatronFsdp = (a: Args): boolean => a.on("use_megatron_fsdp");

/** One condition of sharding by PyTorch. */
function torchFsdp(
  name: string,
  line: number,
  flag: string,
  violated: (a: Args, world: World) => boolean,
): ArgvRule {
  return rule(
    `torch-fsdp-${name}`,
    megatron(line),
    ["--use-torch-fsdp2", flag],
    `sharding by PyTorch does not go together with this use of ${flag}`,
    "Drop --use-torch-fsdp2: miles trains with Megatron's own sharding.",
    (a, world) => fsdp2(a) && violated(a, world),
  );
}

const oneConnection = (world: World): boolean => world.env("CUDA_DEVICE_MAX_CONNECTIONS") === "1";

const optimizerStep = (a: Args): boolean => a.on("overlap_param_gather_with_optimizer_step");

/** Sharding, number formats and CUDA graphs. */
export const MEGATRON_PRECISION_STEPS: readonly Step[] = [
  rule(
    "gather-sharded",
    megatron(663),
    ["--overlap-param-gather", "--optimizer"],
    "weights are only gathered when the optimizer is sharded",
    "Use --optimizer adam.",
    (a) => gathers(a) && !a.on("use_distributed_optimizer") && !megatronFsdp(a),
  ),
  rule(
    "gather-reduce",
    megatron(665),
    ["--overlap-grad-reduce", "--overlap-param-gather"],
    "overlapping the gathering of weights needs overlapping the reduction of gradients",
    "Add --overlap-grad-reduce.",
    (a) => gathers(a) && !a.on("overlap_grad_reduce"),
  ),
  rule(
    "gather-legacy",
    megatron(667),
    ["--use-legacy-models"],
    "legacy models cannot overlap",
    "Drop it.",
    (a) => gathers(a) && a.on("use_legacy_models"),
  ),
  torchFsdp(
    "pipeline",
    673,
    "--pipeline-model-parallel-size",
    (a) => !a.is("pipeline_model_parallel_size", 1),
  ),
  torchFsdp(
    "experts",
    675,
    "--expert-model-parallel-size",
    (a) => !a.is("expert_model_parallel_size", 1),
  ),
  torchFsdp("optimizer", 677, "--optimizer", (a) => a.on("use_distributed_optimizer")),
  torchFsdp("fusion", 679, "--no-gradient-accumulation-fusion", (a) =>
    a.on("gradient_accumulation_fusion"),
  ),
  torchFsdp(
    "format",
    681,
    "--ckpt-format",
    (a) => !a.isOneOf("ckpt_format", "torch_dist", "torch_dcp"),
  ),
  torchFsdp(
    "tied",
    683,
    "--untie-embeddings-and-output-weights",
    (a) => !a.on("untie_embeddings_and_output_weights"),
  ),
  torchFsdp("fp16", 685, "--fp16", (a) => a.on("fp16")),
  torchFsdp("connections", 687, "--use-torch-fsdp2", (_, world) => oneConnection(world)),
  rule(
    "gather-step-sharded",
    megatron(701),
    ["--overlap-param-gather-with-optimizer-step", "--optimizer"],
    "only a sharded optimizer gathers weights",
    "Use --optimizer adam.",
    (a) => optimizerStep(a) && !a.on("use_distributed_optimizer"),
  ),
  rule(
    "gather-step-overlap",
    megatron(703),
    ["--overlap-param-gather", "--overlap-param-gather-with-optimizer-step"],
    "overlapping with the optimizer's step is a kind of overlapping",
    "Add --overlap-param-gather.",
    (a) => optimizerStep(a) && !gathers(a),
  ),
  rule(
    "gather-step-interleaved",
    megatron(705),
    ["--overlap-param-gather-with-optimizer-step"],
    "overlapping with the optimizer's step needs an interleaved pipeline",
    "Drop the flag.",
    (a) => optimizerStep(a) && a.none("virtual_pipeline_model_parallel_size"),
  ),
  rule(
    "gather-step-checkpoint",
    megatron(707),
    ["--overlap-param-gather-with-optimizer-step", "--ckpt-format"],
    "distributed checkpoints exclude it",
    "Drop the flag.",
    (a) => optimizerStep(a) && a.on("use_dist_ckpt"),
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
