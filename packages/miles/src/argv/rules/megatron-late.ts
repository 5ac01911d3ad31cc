import type { Args } from "../args.ts";
import { modulo } from "../python-number.ts";
import { megatron, override, rule, type ArgvRule, type Step } from "../step.ts";

const ungloo = (a: Args): boolean =>
  !a.on("enable_gloo_process_groups") && a.on("use_distributed_optimizer");

const muon = (a: Args): boolean => (a.text("optimizer") ?? "").includes("muon");

function muonRule(
  name: string,
  line: number,
  flag: string,
  violated: (a: Args) => boolean,
): ArgvRule {
  return rule(
    `muon-${name}`,
    megatron(line),
    [flag, "--optimizer"],
    `Muon does not work with ${flag}`,
    `Drop ${flag}, or use --optimizer adam.`,
    (a) => muon(a) && violated(a),
  );
}

const offloads = (a: Args): boolean => a.on("optimizer_cpu_offload");
const graphs = (a: Args): boolean => !a.is("cuda_graph_impl", "none");
const latent = (a: Args): boolean => !a.none("moe_latent_size");
const scopes = (a: Args): readonly unknown[] => a.list("cuda_graph_scope");

function graphedGradients(a: Args): boolean {
  return (
    a.on("delay_wgrad_compute") &&
    a.on("overlap_grad_reduce") &&
    (scopes(a).includes("attn") ||
      (scopes(a).includes("moe_router") &&
        !a.none("moe_shared_expert_intermediate_size") &&
        !a.on("moe_shared_expert_overlap")))
  );
}

/** The rest of Megatron's own checks. */
export const MEGATRON_LATE_STEPS: readonly Step[] = [
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
  muonRule("reduce", 1244, "--overlap-grad-reduce", (a) => a.on("overlap_grad_reduce")),
  muonRule("gather", 1245, "--overlap-param-gather", (a) => a.on("overlap_param_gather")),
  muonRule("sharded", 1246, "--use-distributed-optimizer", (a) =>
    a.on("use_distributed_optimizer"),
  ),
  muonRule("fsdp", 1247, "--use-torch-fsdp2", (a) => a.on("use_torch_fsdp2")),
  muonRule("megatron-fsdp", 1248, "--use-megatron-fsdp", (a) => a.on("use_megatron_fsdp")),
  muonRule(
    "format",
    1249,
    "--ckpt-format",
    (a) => !a.isOneOf("ckpt_format", "torch", "torch_dist"),
  ),
  muonRule(
    "attention",
    1250,
    "--experimental-attention-variant",
    (a) => !a.none("experimental_attention_variant"),
  ),
  muonRule("gate", 1251, "--attention-output-gate", (a) => a.on("attention_output_gate")),
  rule(
    "offload-precision-aware",
    megatron(1255),
    ["--use-precision-aware-optimizer", "--optimizer-cpu-offload"],
    "the optimizer in host memory is built on the precision-aware one",
    "Add --use-precision-aware-optimizer.",
    (a) => offloads(a) && !a.on("use_precision_aware_optimizer"),
  ),
  rule(
    "offload-fp8",
    megatron(1259),
    ["--fp8-recipe", "--optimizer-cpu-offload", "--fp8-param-gather"],
    "with the optimizer in host memory weights are gathered in FP8 only by the delayed recipe",
    "Use --fp8-recipe delayed, or drop --fp8-param-gather.",
    (a) => offloads(a) && a.on("fp8_param_gather") && !a.is("fp8_recipe", "delayed"),
  ),
  rule(
    "offload-states-sharded",
    megatron(1265),
    ["--offload-optimizer-states", "--optimizer"],
    "only the sharded optimizer's state is offloaded",
    "Use --optimizer adam.",
    (a) => a.on("offload_optimizer_states") && !a.on("use_distributed_optimizer"),
  ),
  rule(
    "offload-states-adam",
    megatron(1266),
    ["--optimizer", "--offload-optimizer-states"],
    "only Adam's state is offloaded",
    "Use --optimizer adam.",
    (a) => a.on("offload_optimizer_states") && !a.is("optimizer", "adam"),
  ),
  rule(
    "offload-states-fsdp",
    megatron(1267),
    ["--use-megatron-fsdp", "--offload-optimizer-states"],
    "FSDP keeps its state itself",
    "Drop one of the two.",
    (a) => a.on("offload_optimizer_states") && a.on("use_megatron_fsdp"),
  ),
  rule(
    "local-checkpoint-folder",
    megatron(1270),
    ["--non-persistent-local-ckpt-dir", "--non-persistent-ckpt-type"],
    "local checkpoints have no folder",
    "Set --non-persistent-local-ckpt-dir.",
    (a) => a.is("non_persistent_ckpt_type", "local") && a.none("non_persistent_local_ckpt_dir"),
  ),
  rule(
    "replication-jump",
    megatron(1272),
    ["--replication-jump", "--replication"],
    "replication needs the distance of the copies",
    "Set --replication-jump.",
    (a) => a.on("replication") && a.none("replication_jump"),
  ),
  rule(
    "replication-local",
    megatron(1273),
    ["--non-persistent-ckpt-type", "--replication"],
    "only local checkpoints are replicated",
    "Use --non-persistent-ckpt-type local.",
    (a) => a.on("replication") && !a.is("non_persistent_ckpt_type", "local"),
  ),
  rule(
    "delayed-gradients-engine",
    megatron(1279),
    ["--transformer-impl", "--delay-wgrad-compute"],
    "weight gradients are delayed by Transformer Engine",
    "Use --transformer-impl transformer_engine.",
    (a) => a.on("delay_wgrad_compute") && !a.is("transformer_impl", "transformer_engine"),
  ),
  rule(
    "delayed-gradients-fusion",
    megatron(1294),
    ["--no-gradient-accumulation-fusion", "--delay-wgrad-compute"],
    "graphs need gradients summed in place",
    "Drop --no-gradient-accumulation-fusion.",
    (a) => graphedGradients(a) && !a.on("gradient_accumulation_fusion"),
  ),
  rule(
    "delayed-gradients-bias",
    megatron(1300),
    ["--disable-bias-linear", "--delay-wgrad-compute"],
    "graphed attention has no bias",
    "Add --disable-bias-linear.",
    (a) =>
      graphedGradients(a) &&
      scopes(a).includes("attn") &&
      (a.on("add_bias_linear") || a.on("add_qkv_bias")),
  ),
  rule(
    "activation-offload-engine",
    megatron(1311),
    ["--transformer-impl", "--fine-grained-activation-offloading"],
    "activations are offloaded by Transformer Engine",
    "Use --transformer-impl transformer_engine.",
    (a) =>
      a.on("fine_grained_activation_offloading") && !a.is("transformer_impl", "transformer_engine"),
  ),
  rule(
    "activation-offload-weights",
    megatron(1314),
    ["--fine-grained-activation-offloading"],
    "Transformer Engine would offload weights too",
    "Set NVTE_CPU_OFFLOAD_V1=1 in the job's environment.",
    (a, world) =>
      a.on("fine_grained_activation_offloading") && world.env("NVTE_CPU_OFFLOAD_V1") !== "1",
  ),
  rule(
    "mtp-legacy",
    megatron(1318),
    ["--mtp-num-layers", "--use-legacy-models"],
    "legacy models predict one token",
    "Drop --use-legacy-models.",
    (a) => a.on("mtp_num_layers") && a.on("use_legacy_models"),
  ),
  rule(
    "mtp-positions",
    megatron(1319),
    ["--position-embedding-type", "--mtp-num-layers"],
    "multi-token prediction needs rotary positions or none",
    "Use --position-embedding-type rope.",
    (a) => a.on("mtp_num_layers") && !a.isOneOf("position_embedding_type", "rope", "none"),
  ),
  override("activation-offload", megatron(1325), ["--cpu-offloading-num-layers"], null, (a) => {
    if (a.num("cpu_offloading_num_layers") > 0) a.set("cpu_offloading", true);
    if (graphs(a)) a.set("te_rng_tracker", true);
  }),
  rule(
    "graph-memory",
    megatron(1338),
    ["--cuda-graph-impl"],
    "expandable memory and registered graphs exclude each other",
    "Set NCCL_GRAPH_REGISTER=0 in the job's environment.",
    (a, world) =>
      a.is("cuda_graph_impl", "transformer_engine") &&
      (world.env("PYTORCH_CUDA_ALLOC_CONF") ?? "").includes("expandable_segments:True") &&
      world.env("NCCL_GRAPH_REGISTER") !== "0",
  ),
  rule(
    "graph-scope-full",
    megatron(1347),
    ["--cuda-graph-scope"],
    "a graph of everything has no other parts",
    "Leave --cuda-graph-scope out.",
    (a) => scopes(a).includes("full") && scopes(a).length > 1,
  ),
  override("graph-scope", megatron(1348), ["--cuda-graph-scope"], null, (a) => {
    if (scopes(a).includes("full")) a.set("cuda_graph_scope", []);
  }),
  rule(
    "attention-grouped-latent",
    megatron(1354),
    ["--group-query-attention", "--multi-latent-attention"],
    "attention is either grouped or latent",
    "Drop --group-query-attention.",
    (a) => a.on("multi_latent_attention") && a.on("group_query_attention"),
  ),
  rule(
    "experts-latent-size",
    megatron(1358),
    ["--moe-latent-size"],
    "a projection has a positive size",
    "Drop the flag.",
    (a) => latent(a) && a.num("moe_latent_size") <= 0,
  ),
  rule(
    "experts-latent-none",
    megatron(1359),
    ["--moe-latent-size", "--num-experts"],
    "there are no experts to project for",
    "Drop the flag.",
    (a) => latent(a) && a.none("num_experts"),
  ),
  rule(
    "experts-latent-legacy",
    megatron(1360),
    ["--use-legacy-models", "--moe-latent-size"],
    "legacy models do not project",
    "Drop --use-legacy-models.",
    (a) => latent(a) && a.on("use_legacy_models"),
  ),
  rule(
    "experts-latent-gemm",
    megatron(1361),
    ["--moe-use-legacy-grouped-gemm", "--moe-latent-size"],
    "the old grouped products do not project",
    "Drop --moe-use-legacy-grouped-gemm.",
    (a) => latent(a) && a.on("moe_use_legacy_grouped_gemm"),
  ),
];

/** What miles still does after Megatron is content. */
export const AFTER_MEGATRON_STEPS: readonly Step[] = [
  override(
    "dispatcher-allgather",
    "miles/utils/arguments.py:2681",
    ["--moe-token-dispatcher-type"],
    "sequences vary in length, which the allgather dispatcher cannot carry: alltoall is used",
    (a) => {
      a.set("variable_seq_lengths", true);
      if (a.is("moe_token_dispatcher_type", "allgather")) {
        a.set("moe_token_dispatcher_type", "alltoall");
      }
    },
  ),
  rule(
    "pipeline-single-uneven",
    "miles/utils/arguments.py:2684",
    ["--decoder-first-pipeline-num-layers", "--decoder-last-pipeline-num-layers"],
    "without a pipeline there is no first or last stage",
    "Drop the flags.",
    (a) =>
      a.is("pipeline_model_parallel_size", 1) &&
      (!a.none("decoder_first_pipeline_num_layers") || !a.none("decoder_last_pipeline_num_layers")),
  ),
  override(
    "engines-tensor-parallel",
    "miles/backends/sglang_utils/arguments.py:184",
    ["--sglang-tp-size", "--rollout-num-gpus-per-engine"],
    "an engine's tensor parallelism is --rollout-num-gpus-per-engine, whatever --sglang-tp-size says",
    (a) => {
      a.set("sglang_tp_size", a.get("rollout_num_gpus_per_engine"));
      if (a.on("true_on_policy_mode") || a.on("recompute_logprobs_via_prefill")) {
        a.set("sglang_enable_deterministic_inference", true);
      }
    },
  ),
  rule(
    "engines-data-parallel",
    "miles/backends/sglang_utils/arguments.py:194",
    ["--sglang-enable-dp-attention", "--sglang-dp-size"],
    "engines are data parallel in the attention only",
    "Add --sglang-enable-dp-attention.",
    (a) => a.num("sglang_dp_size") > 1 && !a.on("sglang_enable_dp_attention"),
  ),
  override(
    "engines-router",
    "miles/backends/sglang_utils/arguments.py:197",
    ["--router-dp-aware", "--sglang-router-policy"],
    "the router follows data-parallel attention and sessions",
    (a) => {
      if (a.on("sglang_enable_dp_attention")) a.set("router_dp_aware", true);
      if (a.none("sglang_router_policy") && a.on("use_session_server")) {
        a.set("sglang_router_policy", "manual");
        if (a.is("router_assignment_mode", "random")) a.set("router_assignment_mode", "min_load");
      }
    },
  ),
  rule(
    "fully-async-driver",
    "train.py:23",
    ["--fully-async"],
    "train.py trains step by step; it is train_async.py that does not",
    "Drop --fully-async.",
    (a) => a.on("fully_async"),
  ),
];
