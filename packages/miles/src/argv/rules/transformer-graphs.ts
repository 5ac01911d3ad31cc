import type { Args } from "../args.ts";
import { override, rule, transformer, type ArgvRule, type Step } from "../step.ts";
import { recomputed } from "./transformer-memory.ts";

const graphs = (a: Args): boolean => !a.is("cuda_graph_impl", "none");
const parts = (a: Args): readonly unknown[] => a.list("cuda_graph_scope");
const has = (a: Args, ...names: readonly string[]): boolean =>
  names.some((name) => parts(a).includes(name));
const everything = (a: Args): boolean => parts(a).length === 0 || has(a, "full_iteration");
const engine = (a: Args): boolean => a.is("cuda_graph_impl", "transformer_engine");
const mixture = (a: Args): boolean => !a.none("num_experts") && a.num("num_experts") > 1;
const padded = (a: Args): boolean =>
  !a.none("moe_expert_capacity_factor") &&
  a.num("moe_expert_capacity_factor") >= 0 &&
  a.on("moe_pad_expert_input_to_capacity");
const selective = (a: Args): boolean => a.is("recompute_granularity", "selective");

function allExperts(a: Args): boolean {
  const frequency = a.get("moe_layer_freq");
  return frequency === 1 || (Array.isArray(frequency) && !frequency.includes(0));
}

function graph(
  name: string,
  line: number,
  flag: string,
  reason: string,
  violated: (a: Args) => boolean,
): ArgvRule {
  return rule(
    `graph-${name}`,
    transformer(line),
    ["--cuda-graph-scope", flag],
    reason,
    "Use --cuda-graph-impl none, or another scope.",
    (a) => graphs(a) && violated(a),
  );
}

/** CUDA graphs of the trainer. */
export const TRANSFORMER_GRAPH_STEPS: readonly Step[] = [
  graph(
    "activation-offload",
    1829,
    "--cpu-offloading-num-layers",
    "offloaded activations are not graphed",
    (a) => a.has("cpu_offloading") && a.on("cpu_offloading"),
  ),
  override("graph-router-parts", transformer(1838), ["--cuda-graph-scope"], null, (a) => {
    if (!a.is("cuda_graph_impl", "local") || !has(a, "moe_router", "moe_preprocess")) return;
    const added = ["moe_router", "moe_preprocess"].filter((name) => !has(a, name));
    a.set("cuda_graph_scope", [...a.list("cuda_graph_scope"), ...added]);
  }),
  graph(
    "iteration-engine",
    1845,
    "--cuda-graph-impl",
    "Transformer Engine captures layers, not iterations",
    (a) => engine(a) && has(a, "full_iteration"),
  ),
  graph(
    "experts-router",
    1851,
    "--cuda-graph-scope",
    "the router is part of the experts' graph",
    (a) => has(a, "moe") && has(a, "moe_router"),
  ),
  graph(
    "preprocess-router",
    1855,
    "--cuda-graph-scope",
    "preprocessing is graphed along with the router",
    (a) => has(a, "moe_preprocess") && !has(a, "moe_router"),
  ),
  graph(
    "experts-none",
    1860,
    "--num-experts",
    "there are no experts",
    (a) => !mixture(a) && has(a, "moe", "moe_router"),
  ),
  graph(
    "dense-none",
    1866,
    "--moe-layer-freq",
    "there is no dense layer",
    (a) => mixture(a) && allExperts(a) && has(a, "mlp"),
  ),
  graph(
    "experts-unpadded",
    1875,
    "--moe-pad-expert-input-to-capacity",
    "experts of varying load are not graphed",
    (a) => mixture(a) && !padded(a) && has(a, "moe"),
  ),
  graph(
    "preprocess-copies",
    1881,
    "--moe-expert-capacity-factor",
    "preprocessing waits for the host",
    (a) =>
      mixture(a) &&
      !padded(a) &&
      a.is("moe_token_dispatcher_type", "alltoall") &&
      (!a.none("moe_expert_capacity_factor") || a.on("moe_router_padding_for_fp8")) &&
      has(a, "moe_preprocess"),
  ),
  graph(
    "recompute-full",
    1888,
    "--recompute-granularity",
    "full recomputation is graphed only as a whole iteration",
    (a) =>
      !a.none("recompute_granularity") &&
      !selective(a) &&
      !(parts(a).length === 1 && has(a, "full_iteration")),
  ),
  graph(
    "recompute-experts",
    1899,
    "--recompute-modules",
    "recomputed experts contain the graphed router",
    (a) => selective(a) && engine(a) && recomputed(a).includes("moe") && has(a, "moe_router"),
  ),
  graph(
    "recompute-attention-dropout",
    1914,
    "--attention-dropout",
    "a graph draws no random numbers",
    (a) =>
      selective(a) &&
      a.num("attention_dropout") !== 0 &&
      (everything(a) || has(a, "attn")) &&
      recomputed(a).includes("core_attn"),
  ),
  graph(
    "recompute-hidden-dropout",
    1924,
    "--hidden-dropout",
    "a graph draws no random numbers",
    (a) =>
      selective(a) &&
      a.num("hidden_dropout") !== 0 &&
      (((everything(a) || has(a, "mlp")) && recomputed(a).includes("mlp")) ||
        ((everything(a) || has(a, "moe")) && recomputed(a).includes("moe"))),
  ),
  graph(
    "recompute-jitter",
    1929,
    "--moe-input-jitter-eps",
    "a graph draws no random numbers",
    (a) =>
      selective(a) &&
      !a.none("moe_input_jitter_eps") &&
      (everything(a) || has(a, "moe")) &&
      recomputed(a).includes("moe"),
  ),
];
