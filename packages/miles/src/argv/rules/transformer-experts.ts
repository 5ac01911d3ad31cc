import type { Args } from "../args.ts";
import { rule, transformer, type Step } from "../step.ts";

const flex = (a: Args): boolean => a.is("moe_token_dispatcher_type", "flex");
const deepep = (a: Args): boolean =>
  a.on("moe_enable_deepep") || a.is("moe_flex_dispatcher_backend", "deepep");
const shared = (a: Args): boolean => !a.none("moe_shared_expert_intermediate_size");
const balancing = (a: Args): readonly unknown[] => {
  const value = a.get("moe_router_load_balancing_type");
  return Array.isArray(value) ? value : [value];
};
const CAPACITY = new Set<unknown>(["aux_loss", "seq_aux_loss", "global_aux_loss", "none"]);
const capped = (a: Args): boolean => !a.none("moe_expert_capacity_factor");

/** Experts: their number, dispatch, sharing and capacity. */
export const TRANSFORMER_EXPERT_STEPS: readonly Step[] = [
  rule(
    "experts-negative",
    transformer(1155),
    ["--num-experts"],
    "there is at least one expert",
    "Use the number of config.json (64).",
    (a) => !a.none("num_experts") && a.num("num_experts") <= 0,
  ),
  rule(
    "experts-width-alone",
    transformer(1163),
    ["--num-experts", "--moe-ffn-hidden-size"],
    "experts have a width but no number",
    "Set --num-experts.",
    (a) => a.none("num_experts") && !a.none("moe_ffn_hidden_size"),
  ),
  rule(
    "dispatcher-deepep-flex",
    transformer(1168),
    ["--moe-token-dispatcher-type", "--moe-enable-deepep"],
    "DeepEP is a backend of the flex dispatcher only",
    "Use --moe-token-dispatcher-type flex after the model's own alltoall, or drop --moe-enable-deepep.",
    (a) => a.on("moe_enable_deepep") && !flex(a),
  ),
  rule(
    "dispatcher-two-backends",
    transformer(1170),
    ["--moe-flex-dispatcher-backend", "--moe-enable-deepep"],
    "the flex dispatcher has one backend",
    "Drop --moe-enable-deepep, or use the backend deepep.",
    (a) => a.on("moe_enable_deepep") && a.is("moe_flex_dispatcher_backend", "hybridep"),
  ),
  rule(
    "dispatcher-deepep-padding",
    transformer(1181),
    ["--moe-pad-expert-input-to-capacity", "--moe-enable-deepep"],
    "DeepEP sends what there is, without padding",
    "Drop --moe-pad-expert-input-to-capacity.",
    (a) => flex(a) && a.on("moe_pad_expert_input_to_capacity") && deepep(a),
  ),
  rule(
    "experts-shared-size",
    transformer(1188),
    ["--moe-shared-expert-intermediate-size"],
    "the shared experts have no width",
    "Use their number × width (2 × 1408), or drop the flag.",
    (a) => shared(a) && a.num("moe_shared_expert_intermediate_size") <= 0,
  ),
  rule(
    "experts-shared-overlap",
    transformer(1196),
    ["--moe-shared-expert-overlap", "--moe-token-dispatcher-type"],
    "shared experts overlap with the alltoall dispatcher only",
    "Drop --moe-shared-expert-overlap.",
    (a) =>
      shared(a) &&
      a.on("moe_shared_expert_overlap") &&
      !a.is("moe_token_dispatcher_type", "alltoall"),
  ),
  rule(
    "router-balancing-coefficients",
    transformer(1201),
    ["--moe-aux-loss-coeff", "--moe-router-load-balancing-type"],
    "each kind of balancing needs its coefficient",
    "Give as many coefficients as kinds.",
    (a) => {
      const kinds = a.get("moe_router_load_balancing_type");
      const weights = a.get("moe_aux_loss_coeff");
      return Array.isArray(kinds) && !(Array.isArray(weights) && weights.length === kinds.length);
    },
  ),
  rule(
    "router-capacity-balancing-list",
    transformer(1219),
    ["--moe-expert-capacity-factor", "--moe-router-load-balancing-type"],
    "a capacity works with auxiliary losses or no balancing",
    "Drop --moe-expert-capacity-factor.",
    (a) =>
      capped(a) &&
      Array.isArray(a.get("moe_router_load_balancing_type")) &&
      balancing(a).some((kind) => !CAPACITY.has(kind)),
  ),
  rule(
    "router-capacity-balancing",
    transformer(1229),
    ["--moe-expert-capacity-factor", "--moe-router-load-balancing-type"],
    "a capacity works with auxiliary losses or no balancing",
    "Drop --moe-expert-capacity-factor.",
    (a) =>
      capped(a) &&
      !Array.isArray(a.get("moe_router_load_balancing_type")) &&
      balancing(a).some((kind) => !CAPACITY.has(kind)),
  ),
  rule(
    "router-padding-capacity",
    transformer(1236),
    ["--moe-expert-capacity-factor", "--moe-pad-expert-input-to-capacity"],
    "padding fills up to a capacity, and there is none",
    "Set --moe-expert-capacity-factor.",
    (a) =>
      a.on("moe_pad_expert_input_to_capacity") &&
      (!capped(a) || a.num("moe_expert_capacity_factor") < 0),
  ),
];

/** The router: bias, padding, groups. */
export const TRANSFORMER_ROUTER_STEPS: readonly Step[] = [
  rule(
    "experts-bias",
    transformer(1693),
    ["--disable-bias-linear", "--expert-tensor-parallel-size"],
    "experts with a bias cannot be split",
    "Add --disable-bias-linear, as the model has none.",
    (a) =>
      !a.none("num_experts") && a.on("add_bias_linear") && !a.is("expert_tensor_parallel_size", 1),
  ),
  rule(
    "router-bias-score",
    transformer(1700),
    ["--moe-router-score-function", "--moe-router-enable-expert-bias"],
    "the experts' bias is added to sigmoid scores",
    "Use --moe-router-score-function sigmoid.",
    (a) =>
      a.on("moe_router_enable_expert_bias") &&
      !a.isOneOf("moe_router_score_function", "sigmoid", "sqrtsoftplus"),
  ),
  rule(
    "router-padding-quantised",
    transformer(1729),
    ["--moe-router-padding-for-quantization", "--fp8-format"],
    "tokens are padded for FP8 or FP4, and the model computes in neither",
    "Drop the flag.",
    (a) => quantisedPadding(a) && a.none("fp8") && a.none("fp4"),
  ),
  rule(
    "router-padding-dispatcher",
    transformer(1734),
    ["--moe-router-padding-for-quantization", "--moe-token-dispatcher-type"],
    "this dispatcher does not pad",
    "Use alltoall or flex.",
    (a) =>
      quantisedPadding(a) && a.isOneOf("moe_token_dispatcher_type", "allgather", "alltoall_seq"),
  ),
  rule(
    "router-single-expert",
    transformer(1747),
    ["--moe-router-pre-softmax", "--moe-router-topk"],
    "a softmax over one chosen expert has no gradient",
    "Add --moe-router-pre-softmax.",
    (a) =>
      a.is("moe_router_topk", 1) &&
      a.is("moe_router_score_function", "softmax") &&
      !a.on("moe_router_pre_softmax") &&
      !a.is("moe_router_load_balancing_type", "sinkhorn"),
  ),
  rule(
    "router-groups-missing",
    transformer(1756),
    ["--moe-router-num-groups", "--moe-router-group-topk"],
    "groups are chosen from, but there are none",
    "Set --moe-router-num-groups.",
    (a) => a.on("moe_router_group_topk") && !a.on("moe_router_num_groups"),
  ),
  rule(
    "router-groups-divide",
    transformer(1760),
    ["--moe-router-num-groups", "--num-experts"],
    "the experts do not divide into groups",
    "Use a divisor of --num-experts.",
    (a) =>
      a.on("moe_router_group_topk") && a.num("num_experts") % a.num("moe_router_num_groups") !== 0,
  ),
  rule(
    "router-groups-chosen",
    transformer(1764),
    ["--moe-router-group-topk", "--moe-router-num-groups"],
    "more groups are chosen than there are",
    "Use at most --moe-router-num-groups.",
    (a) =>
      a.on("moe_router_group_topk") &&
      a.num("moe_router_group_topk") > a.num("moe_router_num_groups"),
  ),
];

function quantisedPadding(a: Args): boolean {
  return a.on("moe_router_padding_for_quantization") || a.on("moe_router_padding_for_fp8");
}
