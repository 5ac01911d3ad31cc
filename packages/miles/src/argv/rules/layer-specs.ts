import type { Args } from "../args.ts";
import { floorDivide, modulo } from "../python-number.ts";
import { rule, type Step } from "../step.ts";

const specs = (line: number): string => `megatron/core/models/gpt/gpt_layer_specs.py:${line}`;

/** Of stages that are not told apart; those that are, are looked at before. */
function unevenChunks(a: Args): boolean {
  const chunks = a.get("virtual_pipeline_model_parallel_size");
  const stages = a.num("pipeline_model_parallel_size");
  const told = [
    "pipeline_model_parallel_layout",
    "decoder_first_pipeline_num_layers",
    "decoder_last_pipeline_num_layers",
  ];
  if (chunks === null || stages <= 1 || told.some((name) => !a.none(name))) return false;
  const ends = ["account_for_embedding_in_pipeline_split", "account_for_loss_in_pipeline_split"];
  const layers = a.num("num_layers") + ends.filter((name) => a.on(name)).length;
  return modulo(floorDivide(layers, stages), Number(chunks)) !== 0;
}

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
    "layers-virtual-stages",
    "megatron/core/transformer/transformer_block.py:231",
    ["--num-virtual-stages-per-pipeline-rank", "--num-layers-per-virtual-pipeline-stage"],
    "a stage's layers do not divide into its virtual stages",
    "Use a divisor of the layers of one stage.",
    unevenChunks,
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
