import type { Args } from "../args.ts";
import { modulo } from "../python-number.ts";
import { megatron, override, rule, type Step } from "../step.ts";

const experts = (a: Args): boolean => a.num("expert_model_parallel_size") > 1;

/** A list of one counts as its only element. */
function unwrap(a: Args, name: string): void {
  const value = a.get(name);
  if (Array.isArray(value) && value.length === 1) a.set(name, value[0] ?? null);
}

const sources = (a: Args): number =>
  Number(a.on("mock_data")) +
  Number(a.on("data_path")) +
  Number(["train_data_path", "valid_data_path", "test_data_path"].some((name) => a.on(name)));

const DETERMINISTIC = "--deterministic-mode";

const NCCL_ALGORITHMS = ["Tree", "Ring", "CollnetDirect", "CollnetChain", "^NVLS"];

/** Experts, checkpoint formats, data sources and determinism. */
export const MEGATRON_EXPERT_STEPS: readonly Step[] = [
  override(
    "experts-defaults",
    megatron(1079),
    ["--num-experts", "--moe-ffn-hidden-size"],
    "zero experts count as none, and experts are as wide as the dense layers unless told otherwise",
    (a) => {
      if (a.is("num_experts", 0)) a.set("num_experts", null);
      if (!a.none("num_experts") && a.none("moe_ffn_hidden_size")) {
        a.set("moe_ffn_hidden_size", a.get("ffn_hidden_size"));
      }
    },
  ),
  rule(
    "legacy-context",
    megatron(1086),
    ["--use-legacy-models", "--context-parallel-size"],
    "legacy models cannot split contexts",
    "Drop --use-legacy-models.",
    (a) => a.num("context_parallel_size") > 1 && a.on("use_legacy_models"),
  ),
  rule(
    "experts-missing",
    megatron(1090),
    ["--num-experts", "--expert-model-parallel-size"],
    "there are no experts to spread over GPUs",
    "Set --num-experts, or --expert-model-parallel-size 1.",
    (a) => experts(a) && a.none("num_experts"),
  ),
  rule(
    "experts-divide",
    megatron(1091),
    ["--expert-model-parallel-size", "--num-experts"],
    "the experts do not divide over the GPUs",
    "Use a divisor of --num-experts.",
    (a) => experts(a) && modulo(a.num("num_experts"), a.num("expert_model_parallel_size")) !== 0,
  ),
  override("experts-balancing", megatron(1096), ["--moe-router-load-balancing-type"], null, (a) => {
    unwrap(a, "moe_router_load_balancing_type");
    unwrap(a, "moe_aux_loss_coeff");
  }),
  rule(
    "legacy-checkpoint",
    megatron(1102),
    ["--use-legacy-models", "--ckpt-format"],
    "legacy models have no distributed checkpoints",
    "Drop --use-legacy-models.",
    (a) => a.on("use_dist_ckpt") && a.on("use_legacy_models"),
  ),
  rule(
    "checkpoint-dcp",
    megatron(1106),
    ["--ckpt-format", "--use-torch-fsdp2"],
    "this format is for sharding by PyTorch",
    "Use --ckpt-format torch_dist.",
    (a) => a.is("ckpt_format", "torch_dcp") && !a.on("use_torch_fsdp2"),
  ),
  rule(
    "checkpoint-dcp-tensor",
    megatron(1107),
    ["--ckpt-format", "--tensor-model-parallel-size"],
    "this format knows no tensor parallelism",
    "Use --ckpt-format torch_dist.",
    (a) => a.is("ckpt_format", "torch_dcp") && a.num("tensor_model_parallel_size") > 1,
  ),
  rule(
    "checkpoint-dcp-pipeline",
    megatron(1109),
    ["--ckpt-format", "--pipeline-model-parallel-size"],
    "this format knows no pipeline",
    "Use --ckpt-format torch_dist.",
    (a) => a.is("ckpt_format", "torch_dcp") && a.num("pipeline_model_parallel_size") > 1,
  ),
  rule(
    "checkpoint-fsdp",
    megatron(1114),
    ["--ckpt-format", "--use-megatron-fsdp"],
    "this format is for Megatron's FSDP",
    "Use --ckpt-format torch_dist.",
    (a) => a.is("ckpt_format", "fsdp_dtensor") && !a.on("use_megatron_fsdp"),
  ),
  rule(
    "data-sources",
    megatron(1117),
    ["--mock-data", "--data-path", "--train-data-path"],
    "Megatron's data comes from one source",
    "Drop them: miles has its own data.",
    (a) => sources(a) > 1,
  ),
  rule(
    "fim-data",
    megatron(1130),
    ["--fim-data"],
    "infilling data is Megatron's own pretraining",
    "Drop --fim-data: miles has its own data.",
    (a) => {
      if (!a.on("fim_data")) return false;
      if (a.on("mock_data")) return true;
      if (a.on("legacy_tokenizer")) return { at: megatron(1131) };
      if (!a.on("fim_rate")) return { at: megatron(1132) };
      if (!a.on("fim_spm_rate")) return { at: megatron(1133) };
      const tokens = ["prefix", "middle", "suffix", "pad", "eod"];
      return tokens.some((name) => a.none(`fim_${name}_token`)) && { at: megatron(1134) };
    },
  ),
  rule(
    "deterministic-flash",
    megatron(1138),
    ["--use-flash-attn", DETERMINISTIC],
    "flash attention is not deterministic",
    "Drop it.",
    (a) => a.on("deterministic_mode") && a.on("use_flash_attn"),
  ),
  rule(
    "deterministic-loss",
    megatron(1139),
    ["--cross-entropy-loss-fusion", DETERMINISTIC],
    "the fused loss is not deterministic",
    "Drop it.",
    (a) => a.on("deterministic_mode") && a.on("cross_entropy_loss_fusion"),
  ),
  rule(
    "deterministic-nccl",
    megatron(1142),
    [DETERMINISTIC],
    "NCCL may reduce in any order",
    "Set NCCL_ALGO=Ring in the job's environment.",
    (a, world) =>
      a.on("deterministic_mode") && !NCCL_ALGORITHMS.includes(world.env("NCCL_ALGO") ?? ""),
  ),
  override("softmax-fp32", megatron(1149), ["--attention-softmax-in-fp32"], null, (a) => {
    if (a.on("apply_query_key_layer_scaling")) a.set("attention_softmax_in_fp32", true);
  }),
];
