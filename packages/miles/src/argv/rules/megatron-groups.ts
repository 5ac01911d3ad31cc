import type { Args } from "../args.ts";
import { modulo } from "../python-number.ts";
import { megatron, override, rule, type Step } from "../step.ts";

const ungloo = (a: Args): boolean =>
  !a.on("enable_gloo_process_groups") && a.on("use_distributed_optimizer");

const graphs = (a: Args): boolean => !a.is("cuda_graph_impl", "none");

/** Process groups, loading, saving and inference. */
export const MEGATRON_GROUP_STEPS: readonly Step[] = [
  rule(
    "gloo-checkpoint",
    megatron(1164),
    ["--ckpt-format", "--disable-gloo-process-groups"],
    "without Gloo a sharded optimizer is only saved in distributed checkpoints",
    "Use --ckpt-format torch_dist.",
    (a) => ungloo(a) && !a.on("use_dist_ckpt"),
  ),
  rule(
    "gloo-reshardable",
    megatron(1167),
    ["--distrib-optim-fully-reshardable-mem-efficient", "--disable-gloo-process-groups"],
    "saving in little memory goes over Gloo",
    "Drop --disable-gloo-process-groups.",
    (a) =>
      ungloo(a) &&
      a.on("dist_ckpt_optim_fully_reshardable") &&
      a.on("distrib_optim_fully_reshardable_mem_efficient"),
  ),
  rule(
    "fake-groups-flex",
    megatron(1171),
    ["--fake-process-group", "--moe-token-dispatcher-type"],
    "the flex dispatcher needs real process groups",
    "Drop --fake-process-group.",
    (a) => a.on("fake_process_group") && a.is("moe_token_dispatcher_type", "flex"),
  ),
  override("fake-groups", megatron(1173), ["--fake-process-group"], null, (a) => {
    if (!a.on("fake_process_group")) return;
    a.set("check_for_nan_in_loss_and_grad", false);
    a.set("enable_gloo_process_groups", false);
  }),
  rule(
    "load-main-parameters",
    megatron(1200),
    ["--load-main-params-from-ckpt", "--no-load-optim"],
    "master weights come from the checkpoint only when the optimizer does not",
    "Add --no-load-optim.",
    (a) => a.on("load_main_params_from_ckpt") && !a.on("no_load_optim"),
  ),
  override(
    "async-save-off",
    megatron(1208),
    ["--async-save", "--use-persistent-ckpt-worker"],
    "saving in the background is switched off without --use-persistent-ckpt-worker",
    (a) => {
      if (a.on("use_dist_ckpt") && a.on("async_save") && !a.on("use_persistent_ckpt_worker")) {
        a.set("async_save", false);
      }
    },
  ),
  rule(
    "inference-pipeline",
    megatron(1212),
    ["--inference-batch-times-seqlen-threshold", "--pipeline-model-parallel-size"],
    "the threshold is for pipelines",
    "Drop the flag: miles generates with SGLang.",
    (a) =>
      a.num("inference_batch_times_seqlen_threshold") > -1 &&
      a.num("pipeline_model_parallel_size") <= 1,
  ),
  rule(
    "inference-pipeline-graph",
    megatron(1215),
    ["--inference-batch-times-seqlen-threshold", "--cuda-graph-impl"],
    "the threshold excludes CUDA graphs",
    "Drop the flag: miles generates with SGLang.",
    (a) => a.num("inference_batch_times_seqlen_threshold") > -1 && graphs(a),
  ),
  rule(
    "inference-buffer",
    megatron(1219),
    ["--inference-dynamic-batching-buffer-size-gb"],
    "dynamic batching needs a buffer",
    "Drop --inference-dynamic-batching: miles generates with SGLang.",
    (a) =>
      a.on("inference_dynamic_batching") && a.none("inference_dynamic_batching_buffer_size_gb"),
  ),
  rule(
    "inference-block",
    megatron(1220),
    ["--inference-dynamic-batching-block-size"],
    "blocks are multiples of 256 tokens",
    "Use 256.",
    (a) =>
      a.on("inference_dynamic_batching") &&
      modulo(a.num("inference_dynamic_batching_block_size"), 256) !== 0,
  ),
  rule(
    "graph-experts",
    megatron(1223),
    ["--moe-pad-experts-for-cuda-graph-inference", "--cuda-graph-impl"],
    "with spread experts a graph needs padded experts",
    "Use --cuda-graph-impl none.",
    (a) =>
      a.is("cuda_graph_impl", "local") &&
      a.num("expert_model_parallel_size") > 1 &&
      !a.on("moe_pad_experts_for_cuda_graph_inference"),
  ),
  rule(
    "upcycling-save",
    megatron(1228),
    ["--save", "--moe-use-upcycling"],
    "upcycling writes a checkpoint",
    "Drop --moe-use-upcycling.",
    (a) => a.on("moe_use_upcycling") && a.none("save"),
  ),
  override("upcycling-load", megatron(1230), ["--no-load-optim"], null, (a) => {
    if (a.on("moe_use_upcycling")) {
      a.set("no_load_optim", true);
      a.set("no_load_rng", true);
    }
    if (a.on("skip_train")) a.set("no_load_optim", true);
  }),
];
