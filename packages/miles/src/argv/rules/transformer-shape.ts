import type { Args } from "../args.ts";
import { floorDivide, modulo } from "../python-number.ts";
import { megatron, modelParallel, rule, transformer, type ArgvRule, type Step } from "../step.ts";

const defers = (a: Args): boolean => a.on("defer_embedding_wgrad_compute");
const delta = (a: Args): boolean => a.is("experimental_attention_variant", "gated_delta_net");
const sparse = (a: Args): boolean => a.is("experimental_attention_variant", "dsa");
const first16 = (a: Args): boolean => a.on("fp8") && a.on("first_last_layers_bf16");
const split = (a: Args): number =>
  a.num("tensor_model_parallel_size") * a.num("context_parallel_size");

function linear(line: number, name: string): ArgvRule {
  const flag = `--${name.replaceAll("_", "-")}`;
  return rule(
    `linear-attention-${name.replace("linear_", "").replaceAll("_", "-")}`,
    transformer(line),
    [flag, "--experimental-attention-variant"],
    "linear attention is not described fully",
    `Set ${flag}.`,
    (a) => delta(a) && a.none(name),
  );
}

function outsideStage(a: Args, name: string): boolean {
  const most = floorDivide(a.num("num_layers"), a.num("pipeline_model_parallel_size"));
  return first16(a) && (a.num(name) < 0 || a.num(name) > most);
}

/** What the network's configuration says of activations, attention and number formats. */
export const TRANSFORMER_SHAPE_STEPS: readonly Step[] = [
  rule(
    "activation-squared-relu",
    megatron(1427),
    ["--squared-relu", "--swiglu"],
    "there is one activation",
    "Drop --squared-relu.",
    (a) => a.on("squared_relu") && a.on("swiglu"),
  ),
  rule(
    "activation-quick-geglu",
    megatron(1430),
    ["--quick-geglu", "--swiglu"],
    "there is one activation",
    "Drop --quick-geglu.",
    (a) => !a.on("squared_relu") && a.on("quick_geglu") && a.on("swiglu"),
  ),
  rule(
    "rope-type",
    megatron(1445),
    ["--rope-type", "--multi-latent-attention"],
    "only latent attention scales its rotary embeddings",
    "Use --rope-type rope.",
    (a) => !a.none("rope_type") && !a.on("multi_latent_attention") && !a.is("rope_type", "rope"),
  ),
  rule(
    "precision-config-file",
    "megatron/core/quantization/quant_config.py:178",
    ["--te-precision-config-file"],
    "there is no such file",
    "Correct the path.",
    (a, { files }) => {
      const path = a.text("te_precision_config_file");
      return path !== null && files.kind(path) === "absent";
    },
  ),
  rule(
    "init-method-xavier",
    megatron(1482),
    ["--init-method-xavier-uniform"],
    "Megatron hands this method over under a name that its configuration does not know",
    "Drop the flag: the weights come from a checkpoint.",
    (a) => a.on("init_method_xavier_uniform"),
  ),
  rule(
    "sequence-parallel-alone",
    modelParallel(419),
    ["--sequence-parallel", "--tensor-model-parallel-size"],
    "sequence parallelism is part of tensor parallelism",
    "Drop --sequence-parallel.",
    (a) => a.on("sequence_parallel") && a.num("tensor_model_parallel_size") <= 1,
  ),
  rule(
    "defer-pipeline",
    modelParallel(434),
    ["--defer-embedding-wgrad-compute", "--pipeline-model-parallel-size"],
    "the embedding's gradients wait for the pipeline's end, and there is none",
    "Drop the flag.",
    (a) => defers(a) && a.is("pipeline_model_parallel_size", 1),
  ),
  rule(
    "defer-fusion",
    modelParallel(439),
    ["--defer-embedding-wgrad-compute", "--no-gradient-accumulation-fusion"],
    "waiting gradients are summed in place",
    "Drop the flag.",
    (a) => defers(a) && !a.on("gradient_accumulation_fusion"),
  ),
  rule(
    "defer-limit",
    modelParallel(444),
    ["--wgrad-deferral-limit"],
    "a limit cannot be negative",
    "Use 0.",
    (a) => defers(a) && a.num("wgrad_deferral_limit") < 0,
  ),
  rule(
    "overlap-warmup",
    modelParallel(460),
    ["--overlap-p2p-communication-warmup-flush"],
    "overlapping at start and end needs an interleaved pipeline that overlaps",
    "Drop the flag.",
    (a) => a.on("overlap_p2p_comm_warmup_flush") && !a.on("overlap_p2p_comm"),
  ),
  rule(
    "on-policy-contract-name",
    "miles_megatron_plugins/true_on_policy/contracts.py:118",
    ["--true-on-policy-contract"],
    "there is no such contract",
    "Drop the flag: the only contract is for dense Qwen3 models.",
    (a) =>
      !a.none("true_on_policy_contract") &&
      !a.is("true_on_policy_contract", "qwen3_dense_true_on_policy_v1"),
  ),
  rule(
    "attention-heads",
    transformer(1014),
    ["--tensor-model-parallel-size", "--num-attention-heads"],
    "the heads do not divide over the GPUs",
    "Use a divisor of --num-attention-heads.",
    (a) => modulo(a.num("num_attention_heads"), a.num("tensor_model_parallel_size")) !== 0,
  ),
  rule(
    "attention-groups",
    transformer(1032),
    ["--num-query-groups", "--tensor-model-parallel-size"],
    "the groups of heads do not divide over the GPUs",
    "Use a divisor or a multiple of --tensor-model-parallel-size.",
    (a) => {
      const own = a.on("group_query_attention") && !a.none("num_query_groups");
      const groups = a.num(own ? "num_query_groups" : "num_attention_heads");
      const tensor = a.num("tensor_model_parallel_size");
      return modulo(groups, tensor) !== 0 && modulo(tensor, groups) !== 0;
    },
  ),
  linear(1050, "linear_attention_freq"),
  linear(1056, "linear_conv_kernel_dim"),
  linear(1059, "linear_key_head_dim"),
  linear(1062, "linear_value_head_dim"),
  linear(1065, "linear_num_key_heads"),
  linear(1068, "linear_num_value_heads"),
  rule(
    "linear-attention-heads",
    transformer(1070),
    ["--linear-num-value-heads", "--linear-num-key-heads"],
    "value heads do not divide over key heads",
    "Use a multiple.",
    (a) => delta(a) && modulo(a.num("linear_num_value_heads"), a.num("linear_num_key_heads")) !== 0,
  ),
  rule(
    "linear-attention-keys",
    transformer(1077),
    ["--linear-num-key-heads", "--tensor-model-parallel-size"],
    "key heads do not divide over the GPUs",
    "Use a multiple of TP × CP.",
    (a) => delta(a) && modulo(a.num("linear_num_key_heads"), split(a)) !== 0,
  ),
  rule(
    "linear-attention-values",
    transformer(1081),
    ["--linear-num-value-heads", "--tensor-model-parallel-size"],
    "value heads do not divide over the GPUs",
    "Use a multiple of TP × CP.",
    (a) => delta(a) && modulo(a.num("linear_num_value_heads"), split(a)) !== 0,
  ),
  rule(
    "sparse-attention-context",
    transformer(1087),
    ["--context-parallel-size", "--experimental-attention-variant"],
    "sparse attention cannot split contexts",
    "Use --context-parallel-size 1.",
    (a) => sparse(a) && !a.is("context_parallel_size", 1),
  ),
  rule(
    "sparse-attention-rope",
    transformer(1089),
    ["--no-rope-fusion", "--experimental-attention-variant"],
    "sparse attention does not fuse rotary embeddings",
    "Add --no-rope-fusion.",
    (a) => sparse(a) && a.on("apply_rope_fusion"),
  ),
  rule(
    "fp8-first-last",
    transformer(1094),
    ["--first-last-layers-bf16", "--fp8-recipe"],
    "delayed scaling covers all layers",
    "Use another --fp8-recipe.",
    (a) => first16(a) && a.is("fp8_recipe", "delayed"),
  ),
  rule(
    "fp8-first-layers",
    transformer(1107),
    ["--num-layers-at-start-in-bf16"],
    "more layers than a stage has would stay in BF16",
    "Use fewer.",
    (a) => outsideStage(a, "num_layers_at_start_in_bf16"),
  ),
  rule(
    "fp8-last-layers",
    transformer(1116),
    ["--num-layers-at-end-in-bf16"],
    "more layers than a stage has would stay in BF16",
    "Use fewer.",
    (a) => outsideStage(a, "num_layers_at_end_in_bf16"),
  ),
  rule(
    "fp8-custom",
    transformer(1124),
    ["--fp8-quantizer-factory", "--fp8-recipe"],
    "a custom recipe names its code",
    "Set --fp8-quantizer-factory.",
    (a) => a.on("fp8") && a.is("fp8_recipe", "custom") && !a.on("fp8_quantizer_factory"),
  ),
  rule(
    "fp8-gather-format",
    transformer(1131),
    ["--fp8-param-gather", "--fp8-format"],
    "weights are in FP8 only when the model computes in it",
    "Add --fp8-format, or drop --fp8-param-gather.",
    (a) => a.on("fp8_param_gather") && !a.on("fp8"),
  ),
  rule(
    "fp4-custom",
    transformer(1142),
    ["--fp4-quantizer-factory", "--fp4-recipe"],
    "a custom recipe names its code",
    "Set --fp4-quantizer-factory.",
    (a) => a.on("fp4") && a.is("fp4_recipe", "custom") && !a.on("fp4_quantizer_factory"),
  ),
];
