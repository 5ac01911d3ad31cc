import type { Args } from "../args.ts";
import type { Value } from "../flag-spec.ts";
import { override, rule, transformer, type ArgvRule, type Step } from "../step.ts";

const MODULES: readonly string[] = [
  "core_attn",
  "moe_act",
  "layernorm",
  "mla_up_proj",
  "mlp",
  "moe",
  "shared_experts",
];

const OFFLOADED: readonly string[] = [
  "core_attn",
  "attn_proj",
  "expert_fc1",
  "moe_act",
  "attn_norm",
  "mlp_norm",
  "qkv_linear",
];

const offloads = (a: Args): boolean => a.has("cpu_offloading") && a.on("cpu_offloading");
const selective = (a: Args): boolean => a.is("recompute_granularity", "selective");
const full = (a: Args): boolean => !a.none("recompute_granularity") && !selective(a);
const fine = (a: Args): boolean => a.on("fine_grained_activation_offloading");

/** The parts that are recomputed; the attention's core unless named. */
export function recomputed(a: Args): readonly Value[] {
  return a.none("recompute_modules") ? ["core_attn"] : a.list("recompute_modules");
}

function module(
  name: string,
  line: number,
  part: string,
  flag: string,
  reason: string,
  violated: (a: Args) => boolean,
): ArgvRule {
  return rule(
    `recompute-${name}`,
    transformer(line),
    ["--recompute-modules", flag],
    reason,
    `Drop ${part} from --recompute-modules.`,
    (a) => selective(a) && recomputed(a).includes(part) && violated(a),
  );
}

/** Offloading and recomputing of activations. */
export const TRANSFORMER_MEMORY_STEPS: readonly Step[] = [
  rule(
    "activation-offload-layers",
    transformer(1243),
    ["--cpu-offloading-num-layers", "--num-layers"],
    "at least the last layer's activations stay on the GPU",
    "Use fewer layers.",
    (a) =>
      offloads(a) &&
      (a.num("cpu_offloading_num_layers") < 0 ||
        a.num("cpu_offloading_num_layers") >= a.num("num_layers")),
  ),
  rule(
    "activation-offload-pipeline",
    transformer(1248),
    ["--cpu-offloading-num-layers", "--pipeline-model-parallel-size"],
    "offloading activations knows no pipeline",
    "Use 0.",
    (a) => offloads(a) && a.num("pipeline_model_parallel_size") > 1,
  ),
  rule(
    "activation-offload-recompute",
    transformer(1253),
    ["--cpu-offloading-num-layers", "--recompute-granularity"],
    "activations are either offloaded or recomputed",
    "Keep one of the two.",
    (a) => offloads(a) && !a.none("recompute_granularity"),
  ),
  rule(
    "recompute-granularity",
    transformer(1259),
    ["--recompute-granularity"],
    "activations are recomputed fully or selectively",
    "Use full or selective.",
    (a) => !a.isOneOf("recompute_granularity", null, "full", "selective"),
  ),
  rule(
    "recompute-method-name",
    transformer(1266),
    ["--recompute-method"],
    "layers are grouped uniformly or in blocks",
    "Use uniform or block.",
    (a) =>
      !a.none("recompute_granularity") && !a.isOneOf("recompute_method", null, "block", "uniform"),
  ),
  rule(
    "recompute-method",
    transformer(1270),
    ["--recompute-method", "--recompute-granularity"],
    "full recomputation needs to know how layers are grouped",
    "Set --recompute-method uniform.",
    (a) => full(a) && a.none("recompute_method"),
  ),
  rule(
    "recompute-layers",
    transformer(1276),
    ["--recompute-num-layers", "--recompute-granularity"],
    "full recomputation needs to know how many layers make a group",
    "Set --recompute-num-layers 1.",
    (a) => full(a) && a.none("recompute_num_layers"),
  ),
  rule(
    "recompute-selective-layers",
    transformer(1285),
    ["--recompute-num-layers", "--recompute-granularity"],
    "selective recomputation goes by parts, not by layers",
    "Drop --recompute-num-layers.",
    (a) => selective(a) && !a.none("recompute_num_layers"),
  ),
  rule(
    "recompute-distribute-sequence",
    transformer(1291),
    ["--distribute-saved-activations", "--sequence-parallel"],
    "sequence parallelism already spreads activations",
    "Drop --distribute-saved-activations.",
    (a) =>
      !a.none("recompute_granularity") &&
      a.on("distribute_saved_activations") &&
      a.on("sequence_parallel"),
  ),
  rule(
    "recompute-modules",
    transformer(1311),
    ["--recompute-modules"],
    "there is no such part to recompute",
    `Use some of ${MODULES.join(", ")}.`,
    (a) => selective(a) && recomputed(a).some((part) => !MODULES.some((name) => name === part)),
  ),
  module(
    "experts",
    1317,
    "moe_act",
    "--moe-grouped-gemm",
    "experts must be computed in groups",
    (a) => !a.on("moe_grouped_gemm"),
  ),
  module(
    "latent",
    1322,
    "mla_up_proj",
    "--multi-latent-attention",
    "only latent attention has this part",
    (a) => !a.on("multi_latent_attention"),
  ),
  module(
    "shared",
    1340,
    "shared_experts",
    "--moe-shared-expert-overlap",
    "overlapped shared experts are not recomputed",
    (a) => !a.none("moe_shared_expert_intermediate_size") && a.on("moe_shared_expert_overlap"),
  ),
  rule(
    "recompute-delayed-scaling",
    transformer(1347),
    ["--recompute-modules", "--fp8-recipe"],
    "delayed scaling does not recompute these parts",
    "Use another --fp8-recipe.",
    (a) =>
      selective(a) &&
      a.on("fp8") &&
      a.is("fp8_recipe", "delayed") &&
      recomputed(a).some((part) => part === "moe_act" || part === "layernorm"),
  ),
  rule(
    "recompute-moe-full",
    transformer(1364),
    ["--moe-layer-recompute", "--recompute-granularity"],
    "full recomputation already covers the experts",
    "Drop --moe-layer-recompute.",
    (a) => a.on("moe_layer_recompute") && a.is("recompute_granularity", "full"),
  ),
  override("recompute-moe", transformer(1367), ["--moe-layer-recompute"], null, (a) => {
    if (!a.on("moe_layer_recompute")) return;
    const parts = recomputed(a);
    a.set("recompute_granularity", "selective");
    a.set("recompute_modules", parts.includes("moe") ? parts : [...parts, "moe"]);
  }),
  rule(
    "activation-offload-two-ways",
    transformer(1372),
    ["--fine-grained-activation-offloading", "--cpu-offloading-num-layers"],
    "activations are offloaded by layer or by part",
    "Keep one of the two.",
    (a) => fine(a) && offloads(a),
  ),
  rule(
    "activation-offload-parts-missing",
    transformer(1375),
    ["--offload-modules", "--fine-grained-activation-offloading"],
    "no part is named",
    "Set --offload-modules.",
    (a) => fine(a) && (a.none("offload_modules") || a.list("offload_modules").length === 0),
  ),
  rule(
    "activation-offload-parts",
    transformer(1386),
    ["--offload-modules"],
    "there is no such part to offload",
    `Use some of ${OFFLOADED.join(", ")}.`,
    (a) =>
      fine(a) && a.list("offload_modules").some((part) => !OFFLOADED.some((name) => name === part)),
  ),
  rule(
    "activation-offload-projection",
    transformer(1391),
    ["--offload-modules"],
    "the projection's input is the core's output",
    "Add core_attn to --offload-modules.",
    (a) =>
      fine(a) &&
      a.list("offload_modules").includes("attn_proj") &&
      !a.list("offload_modules").includes("core_attn"),
  ),
];
