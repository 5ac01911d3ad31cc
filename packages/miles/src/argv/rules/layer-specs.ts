import { rule, type Step } from "../step.ts";

const specs = (line: number): string => `megatron/core/models/gpt/gpt_layer_specs.py:${line}`;

/** Which layers hold experts, and whether the dispatcher can reach them. */
export const LAYER_SPEC_STEPS: readonly Step[] = [
  rule(
    "attention-variant",
    specs(565),
    ["--experimental-attention-variant"],
    "miles builds plain decoder layers",
    "Drop --experimental-attention-variant.",
    (a) => !a.none("experimental_attention_variant") || !a.none("linear_attention_type"),
  ),
  rule(
    "experts-layers-zero",
    specs(622),
    ["--moe-layer-freq"],
    "every zeroth layer cannot hold experts",
    "Use 1, or a list of one entry a layer.",
    (a) => a.is("moe_layer_freq", 0) && a.num("num_layers") > 0,
  ),
  rule(
    "experts-layers-length",
    specs(626),
    ["--moe-layer-freq", "--num-layers"],
    "the list of layers has not one entry a layer",
    "Derive it from config.json.",
    (a) => {
      const pattern = a.get("moe_layer_freq");
      return Array.isArray(pattern) && pattern.length !== a.num("num_layers");
    },
  ),
  rule(
    "experts-layers-kind",
    specs(632),
    ["--moe-layer-freq"],
    "layers with experts are told by a whole number or a list",
    "Derive it from config.json.",
    (a) => {
      const pattern = a.get("moe_layer_freq");
      return !Array.isArray(pattern) && !(typeof pattern === "number" && Number.isInteger(pattern));
    },
  ),
  rule(
    "experts-layers-entries",
    specs(644),
    ["--moe-layer-freq"],
    "a layer is dense (0) or holds experts (1)",
    "Use 0 and 1.",
    (a) => {
      const pattern = a.get("moe_layer_freq");
      return Array.isArray(pattern) && pattern.some((entry) => entry !== 0 && entry !== 1);
    },
  ),
  rule(
    "dispatcher-flex-alone",
    "megatron/core/transformer/moe/token_dispatcher.py:1354",
    [
      "--expert-model-parallel-size",
      "--expert-tensor-parallel-size",
      "--moe-token-dispatcher-type",
    ],
    "the flex dispatcher needs experts on more than one GPU",
    "Spread the experts, or use alltoall without --moe-enable-deepep.",
    (a) =>
      a.on("num_experts") &&
      a.is("moe_token_dispatcher_type", "flex") &&
      a.num("expert_model_parallel_size") * a.num("expert_tensor_parallel_size") <= 1,
  ),
];
