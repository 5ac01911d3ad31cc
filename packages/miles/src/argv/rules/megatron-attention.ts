import type { Args } from "../args.ts";
import { megatron, override, rule, type Step } from "../step.ts";

const hybrid = (a: Args): boolean => a.on("hybrid_context_parallel");

const HYBRID = "--hybrid-context-parallel";

/** Contexts, connections and position embeddings. */
export const MEGATRON_ATTENTION_STEPS: readonly Step[] = [
  rule(
    "hybrid-context-pipeline",
    megatron(983),
    [HYBRID, "--pipeline-model-parallel-size"],
    "hybrid context parallelism knows no pipeline",
    "Use one stage.",
    (a) => hybrid(a) && a.num("pipeline_model_parallel_size") > 1,
  ),
  rule(
    "hybrid-context-graph",
    megatron(984),
    [HYBRID, "--enable-cuda-graph"],
    "hybrid context parallelism knows no CUDA graphs",
    "Drop the graphs.",
    (a) => hybrid(a) && a.on("enable_cuda_graph"),
  ),
  rule(
    "hybrid-context-fsdp",
    megatron(985),
    [HYBRID, "--use-megatron-fsdp"],
    "hybrid context parallelism knows no FSDP",
    "Drop FSDP.",
    (a) => hybrid(a) && a.on("use_megatron_fsdp"),
  ),
  rule(
    "hybrid-context-loader",
    megatron(986),
    ["--dataloader-type", HYBRID],
    "hybrid context parallelism reads data in one pass",
    "Use single.",
    (a) => hybrid(a) && !a.is("dataloader_type", "single"),
  ),
  rule(
    "hybrid-context-loss",
    megatron(987),
    ["--calculate-per-token-loss", HYBRID],
    "hybrid context parallelism weighs tokens, not samples",
    "Add --calculate-per-token-loss.",
    (a) => hybrid(a) && !a.on("calculate_per_token_loss"),
  ),
  rule(
    "cuda-connections",
    megatron(1015),
    ["--tensor-model-parallel-size", "--context-parallel-size"],
    "before Blackwell, tensor and context parallelism need CUDA_DEVICE_MAX_CONNECTIONS=1 in the driver's environment",
    "Set CUDA_DEVICE_MAX_CONNECTIONS to 1 in the job's environment.",
    (a, world) =>
      (a.num("tensor_model_parallel_size") > 1 || a.num("context_parallel_size") > 1) &&
      world.deviceMajor < 10 &&
      !a.on("use_torch_fsdp2") &&
      !a.on("use_megatron_fsdp") &&
      !a.on("overlap_moe_expert_parallel_comm") &&
      world.env("CUDA_DEVICE_MAX_CONNECTIONS") !== "1",
  ),
  override("bias-flags", megatron(1030), ["--disable-bias-linear", "--add-qkv-bias"], null, (a) => {
    if (a.on("add_bias_linear")) a.set("add_qkv_bias", true);
    else a.set("bias_gelu_fusion", false);
  }),
  rule(
    "clip-alpha",
    megatron(1039),
    ["--qk-clip-alpha", "--qk-clip"],
    "the clip's alpha lies between 0 and 1",
    "Use 0.5.",
    (a) => a.on("qk_clip") && !(a.num("qk_clip_alpha") > 0 && a.num("qk_clip_alpha") < 1),
  ),
  rule(
    "clip-threshold",
    megatron(1041),
    ["--qk-clip-threshold", "--qk-clip"],
    "the clip's threshold is positive",
    "Use 100.",
    (a) => a.on("qk_clip") && a.num("qk_clip_threshold") <= 0,
  ),
  rule(
    "legacy-decoupled-lr",
    megatron(1050),
    ["--decoupled-lr", "--use-legacy-models"],
    "legacy models have one learning rate",
    "Drop the flag.",
    (a) => (!a.none("decoupled_lr") || !a.none("decoupled_min_lr")) && a.on("use_legacy_models"),
  ),
  override("position-embedding", megatron(1055), ["--position-embedding-type"], null, (a) => {
    if (a.on("use_rotary_position_embeddings")) a.set("position_embedding_type", "rope");
  }),
  rule(
    "legacy-interleaved",
    megatron(1057),
    ["--rotary-interleaved", "--use-legacy-models"],
    "legacy models rotate in halves",
    "Drop the flag.",
    (a) => a.on("rotary_interleaved") && a.on("use_legacy_models"),
  ),
  override("rope-fusion", megatron(1059), ["--no-rope-fusion"], null, (a) => {
    if (!a.is("position_embedding_type", "rope")) a.set("apply_rope_fusion", false);
  }),
  rule(
    "position-embedding-outdated",
    megatron(1064),
    ["--no-position-embedding", "--position-embedding-type"],
    "Megatron no longer takes --no-position-embedding",
    "Use --position-embedding-type rope.",
    (a) => !a.on("add_position_embedding") && !a.is("position_embedding_type", "rope"),
  ),
  rule(
    "position-embedding-relative",
    megatron(1069),
    ["--position-embedding-type", "--transformer-impl"],
    "relative positions need Transformer Engine",
    "Use --transformer-impl transformer_engine.",
    (a) =>
      a.is("position_embedding_type", "relative") &&
      !a.is("transformer_impl", "transformer_engine"),
  ),
  rule(
    "position-embedding-sections",
    megatron(1074),
    ["--mrope-section", "--position-embedding-type"],
    "multimodal rotary embeddings need their sections",
    "Use --position-embedding-type rope.",
    (a) => a.is("position_embedding_type", "mrope") && a.none("mrope_section"),
  ),
];
