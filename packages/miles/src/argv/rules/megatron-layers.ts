import type { Args } from "../args.ts";
import { megatron, override, rule, type Step } from "../step.ts";

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

/** Delayed gradients, graphs, latent attention and experts. */
export const MEGATRON_LAYER_STEPS: readonly Step[] = [
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
