import type { Args } from "../args.ts";
import { modulo } from "../python-number.ts";
import { rule, transformer, type ArgvRule, type Step } from "../step.ts";

const activation = (a: Args): "gelu" | "silu" | "squared_relu" | "quick_gelu" => {
  if (a.on("squared_relu")) return "squared_relu";
  if (a.on("quick_geglu")) return "quick_gelu";
  return a.on("swiglu") ? "silu" : "gelu";
};
const gated = (a: Args): boolean => a.on("swiglu") || activation(a) === "quick_gelu";
const fused = (a: Args): boolean =>
  a.on(a.on("swiglu") ? "bias_swiglu_fusion" : "bias_gelu_fusion");
const latent = (a: Args): boolean => a.on("multi_latent_attention");
const precise = (a: Args): boolean => a.on("moe_activation_in_fp32") || a.on("moe_combine_in_fp32");

/** Activations, rotary embeddings and what does not go with latent attention. */
export const TRANSFORMER_ACTIVATION_STEPS: readonly Step[] = [
  rule(
    "activation-fused",
    transformer(1590),
    ["--squared-relu"],
    "this activation is not fused with the bias",
    "Drop --squared-relu.",
    (a) => fused(a) && activation(a) === "squared_relu",
  ),
  rule(
    "activation-gelu-bias",
    transformer(1599),
    ["--no-bias-gelu-fusion", "--disable-bias-linear"],
    "fusing with a bias needs one",
    "Add --no-bias-gelu-fusion.",
    (a) => fused(a) && activation(a) === "gelu" && !gated(a) && !a.on("add_bias_linear"),
  ),
  rule(
    "activation-offset",
    transformer(1609),
    ["--glu-linear-offset"],
    "the offset belongs to quick GEGLU",
    "Drop --glu-linear-offset.",
    (a) => fused(a) && !a.is("glu_linear_offset", 0) && activation(a) !== "quick_gelu",
  ),
  rule(
    "activation-engine-fused",
    transformer(1615),
    ["--use-te-activation-func", "--no-bias-swiglu-fusion"],
    "the activation is fused either with the bias or by Transformer Engine",
    "Add --no-bias-swiglu-fusion.",
    (a) => fused(a) && a.on("use_te_activation_func"),
  ),
  rule(
    "activation-engine",
    transformer(1623),
    ["--use-te-activation-func"],
    "Transformer Engine does not know this activation",
    "Drop the flag.",
    (a) => a.on("use_te_activation_func") && ["squared_relu", "quick_gelu"].includes(activation(a)),
  ),
  rule(
    "attention-latent-interleaved",
    transformer(1662),
    ["--rotary-interleaved", "--multi-latent-attention"],
    "latent attention rotates in its own order",
    "Drop --rotary-interleaved.",
    (a) => latent(a) && a.on("rotary_interleaved"),
  ),
];

const overlaps = (a: Args): boolean => a.on("overlap_moe_expert_parallel_comm");
const OVERLAP = "--overlap-moe-expert-parallel-comm";

function overlap(
  name: string,
  line: number,
  flag: string,
  reason: string,
  violated: (a: Args) => boolean,
): ArgvRule {
  return rule(
    `experts-overlap-${name}`,
    transformer(line),
    [flag, OVERLAP],
    reason,
    `Drop ${OVERLAP}.`,
    (a) => overlaps(a) && violated(a),
  );
}

const communication = (a: Args): readonly unknown[] => a.list("cp_comm_type");
const local = (a: Args): boolean =>
  a.is("transformer_impl", "local") && a.none("true_on_policy_contract");
const optimised = (a: Args): boolean => a.is("transformer_impl", "inference_optimized");

function inference(
  line: number,
  name: string,
  flag: string,
  violated: (a: Args) => boolean,
): ArgvRule {
  return rule(
    `inference-optimised-${name}`,
    transformer(line),
    ["--transformer-impl", flag],
    "layers optimised for inference do not have this",
    "Use --transformer-impl transformer_engine.",
    (a) => optimised(a) && violated(a),
  );
}

/** Dispatch in FP32, overlapping of experts' communication, contexts, and the kind of layers. */
export const TRANSFORMER_REST_STEPS: readonly Step[] = [
  rule(
    "experts-fp32-format",
    transformer(1941),
    ["--moe-activation-in-fp32", "--fp8-format"],
    "experts in FP32 exclude FP8 and FP4",
    "Drop one of the two.",
    (a) => precise(a) && (a.on("fp8") || a.on("fp4")),
  ),
  rule(
    "experts-fp32-permute",
    transformer(1944),
    ["--moe-permute-fusion", "--moe-activation-in-fp32"],
    "experts in FP32 go around the fused permutation",
    "Drop --moe-permute-fusion.",
    (a) => precise(a) && a.on("moe_permute_fusion"),
  ),
  rule(
    "experts-fp32-clamp",
    transformer(1948),
    ["--activation-func-clamp-value", "--moe-activation-in-fp32"],
    "experts in FP32 are not clamped",
    "Drop --activation-func-clamp-value.",
    (a) => precise(a) && !a.none("activation_func_clamp_value"),
  ),
  rule(
    "experts-fp32-router",
    transformer(1952),
    ["--moe-router-dtype", "--moe-combine-in-fp32"],
    "combining in FP32 needs the router's probabilities in FP32",
    "Use --moe-router-dtype fp32.",
    (a) => a.on("moe_combine_in_fp32") && !a.is("moe_router_dtype", "fp32"),
  ),
  overlap(
    "pipeline",
    1979,
    "--num-virtual-stages-per-pipeline-rank",
    "in a pipeline, experts' communication overlaps only when stages are interleaved",
    (a) =>
      a.num("pipeline_model_parallel_size") > 1 && a.none("virtual_pipeline_model_parallel_size"),
  ),
  overlap(
    "experts",
    1985,
    "--expert-model-parallel-size",
    "experts are not spread",
    (a) => a.num("expert_model_parallel_size") <= 1,
  ),
  overlap(
    "dispatcher",
    1987,
    "--moe-token-dispatcher-type",
    "this dispatcher does not overlap",
    (a) => !a.isOneOf("moe_token_dispatcher_type", "alltoall", "flex"),
  ),
  overlap(
    "recompute",
    1993,
    "--recompute-granularity",
    "full recomputation leaves nothing to overlap with",
    (a) => a.is("recompute_granularity", "full"),
  ),
  overlap(
    "method",
    1996,
    "--recompute-method",
    "recomputation by layers does not overlap",
    (a) => !a.none("recompute_method"),
  ),
  overlap(
    "layers",
    1999,
    "--recompute-num-layers",
    "recomputation by layers does not overlap",
    (a) => !a.none("recompute_num_layers"),
  ),
  overlap(
    "precision",
    2003,
    "--bf16",
    "the model is in FP32",
    (a) => !a.on("bf16") && !a.on("fp16"),
  ),
  overlap("shared", 2007, "--moe-shared-expert-overlap", "shared experts overlap already", (a) =>
    a.on("moe_shared_expert_overlap"),
  ),
  overlap(
    "mtp",
    2011,
    "--mtp-num-layers",
    "at most one layer may predict further tokens",
    (a) => !a.none("mtp_num_layers") && !a.is("mtp_num_layers", 1),
  ),
  overlap(
    "mtp-pipeline",
    2014,
    "--pipeline-model-parallel-size",
    "multi-token prediction overlaps only in a pipeline",
    (a) => a.is("mtp_num_layers", 1) && a.num("pipeline_model_parallel_size") <= 1,
  ),
  overlap("graph", 2023, "--cuda-graph-scope", "graphed experts do not overlap", (a) => {
    if (a.is("cuda_graph_impl", "none")) return false;
    const scope = a.list("cuda_graph_scope");
    return (
      !a.is("cuda_graph_impl", "transformer_engine") ||
      scope.includes("moe") ||
      scope.includes("mlp")
    );
  }),
  rule(
    "delayed-gradients-overlap",
    transformer(2031),
    [OVERLAP, "--delay-wgrad-compute"],
    "weight gradients are delayed to overlap with experts' communication",
    `Add ${OVERLAP}.`,
    (a) => a.on("delay_wgrad_compute") && !overlaps(a),
  ),
  rule(
    "delayed-gradients-gemm",
    transformer(2034),
    ["--moe-use-legacy-grouped-gemm", "--delay-wgrad-compute"],
    "the old grouped products are not delayed",
    "Drop --moe-use-legacy-grouped-gemm.",
    (a) => a.on("delay_wgrad_compute") && a.on("moe_use_legacy_grouped_gemm"),
  ),
  rule(
    "experts-early-release",
    transformer(2044),
    [OVERLAP, "--ep-overlap-early-attn-memory-release"],
    "memory is released early while overlapping",
    `Add ${OVERLAP}.`,
    (a) => a.on("ep_overlap_early_attn_memory_release") && !overlaps(a),
  ),
  rule(
    "context-communication",
    transformer(2051),
    ["--cp-comm-type", "--num-layers"],
    "kinds of communication are given for another number of layers",
    "Give one kind, or one a layer.",
    (a) =>
      a.num("context_parallel_size") > 1 &&
      communication(a).length !== 1 &&
      communication(a).length !== a.num("num_layers"),
  ),
  rule(
    "rope-skip-decode",
    transformer(2085),
    ["--flash-decode", "--no-rope-freq"],
    "flash decoding rotates every layer",
    "Drop --flash-decode.",
    (a) => a.on("no_rope_freq") && a.on("flash_decode"),
  ),
  rule(
    "rope-skip-divides",
    transformer(2087),
    ["--no-rope-freq", "--num-layers"],
    "the frequency does not divide the layers",
    "Use a divisor, or a list of one entry a layer.",
    (a) =>
      a.on("no_rope_freq") &&
      typeof a.get("no_rope_freq") === "number" &&
      modulo(a.num("num_layers"), a.num("no_rope_freq")) !== 0,
  ),
  rule(
    "rope-skip-list",
    transformer(2096),
    ["--no-rope-freq", "--num-layers"],
    "the list has not one entry a layer",
    "Give one entry a layer.",
    (a) =>
      a.on("no_rope_freq") &&
      Array.isArray(a.get("no_rope_freq")) &&
      a.list("no_rope_freq").length !== a.num("num_layers"),
  ),
  rule(
    "attention-eager-engine",
    transformer(2102),
    ["--transformer-impl", "--fallback-to-eager-attn"],
    "eager attention is a fallback of Transformer Engine",
    "Use --transformer-impl transformer_engine.",
    (a) => a.on("fallback_to_eager_attn") && !a.is("transformer_impl", "transformer_engine"),
  ),
  rule(
    "attention-eager-context",
    transformer(2119),
    ["--cp-comm-type", "--fallback-to-eager-attn"],
    "eager attention gathers split contexts",
    "Use --cp-comm-type all_gather.",
    (a) =>
      (a.on("fallback_to_eager_attn") || local(a)) &&
      a.num("context_parallel_size") > 1 &&
      communication(a).some((kind) => kind !== "all_gather"),
  ),
  inference(2125, "norm", "--normalization", (a) => !a.is("normalization", "RMSNorm")),
  inference(2126, "centred", "--apply-layernorm-1p", (a) => a.on("layernorm_zero_centered_gamma")),
  inference(2127, "bias", "--disable-bias-linear", (a) => a.on("add_bias_linear")),
  inference(2128, "qkv-bias", "--add-qkv-bias", (a) => a.on("add_qkv_bias")),
  inference(
    2130,
    "contract",
    "--true-on-policy-contract",
    (a) => !a.none("true_on_policy_contract"),
  ),
  rule(
    "on-policy-contract",
    transformer(2133),
    ["--transformer-impl", "--true-on-policy-contract"],
    "the contract is kept by local layers",
    "Use --transformer-impl local.",
    (a) => !a.none("true_on_policy_contract") && !a.is("transformer_impl", "local"),
  ),
  rule(
    "on-policy-vocabulary",
    transformer(2141),
    ["--true-on-policy-vocab-size"],
    "a vocabulary has a size",
    "Use a positive number.",
    (a) => !a.none("true_on_policy_vocab_size") && a.num("true_on_policy_vocab_size") <= 0,
  ),
  rule(
    "inference-fused",
    transformer(2144),
    ["--inference-fuse-tp-communication", "--transformer-impl"],
    "communication is fused only in layers optimised for inference",
    "Drop the flag.",
    (a) => a.on("inference_fuse_tp_communication") && !optimised(a),
  ),
  rule(
    "attention-batch-invariant",
    transformer(2151),
    ["--attention-backend", "--batch-invariant-mode"],
    "only flash attention does not depend on the batch",
    "Use --attention-backend flash.",
    (a) => a.on("batch_invariant_mode") && !a.is("attention_backend", "flash"),
  ),
  rule(
    "attention-latent-fusion",
    transformer(2220),
    ["--no-rope-fusion", "--rope-type"],
    "latent attention fuses YaRN rotary embeddings only",
    "Add --no-rope-fusion, or use --rope-type yarn.",
    (a) => latent(a) && a.on("apply_rope_fusion") && !a.is("rope_type", "yarn"),
  ),
  rule(
    "attention-latent-gate",
    transformer(2223),
    ["--attention-output-gate", "--multi-latent-attention"],
    "latent attention has no gate",
    "Drop --attention-output-gate.",
    (a) => latent(a) && a.on("attention_output_gate"),
  ),
  rule(
    "attention-latent-cache",
    transformer(2227),
    ["--cache-mla-latents", "--no-rope-fusion"],
    "cached latents exclude fused rotary embeddings",
    "Drop --cache-mla-latents: miles generates with SGLang.",
    (a) => latent(a) && a.on("cache_mla_latents") && a.on("apply_rope_fusion"),
  ),
];
