import type { Args } from "../args.ts";
import { rule, transformer, type ArgvRule, type Step } from "../step.ts";

const precise = (a: Args): boolean => a.on("moe_activation_in_fp32") || a.on("moe_combine_in_fp32");

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

/** Experts in FP32 and overlapping of their communication. */
export const TRANSFORMER_OVERLAP_STEPS: readonly Step[] = [
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
];
