// Choices that several flags of SGLang share. Facts read from the parser itself.

/** Alike for prefill and decoding. */
export const ATTENTION_BACKENDS: readonly string[] = [
  "triton",
  "torch_native",
  "flex_attention",
  "dsa",
  "nsa",
  "dsv4",
  "compressed",
  "cutlass_mla",
  "fa3",
  "fa4",
  "flashinfer",
  "flashmla",
  "trtllm_mla",
  "cutedsl_mla",
  "tokenspeed_mla",
  "trtllm_mha",
  "dual_chunk_flash_attn",
  "aiter",
  "wave",
  "intel_amx",
  "ascend",
  "intel_xpu",
];

/** Alike for prefill and decoding. */
export const CUDA_GRAPH_BACKENDS: readonly string[] = [
  "full",
  "breakable",
  "tc_piecewise",
  "disabled",
];

/** Alike for prefill and decoding. */
export const LINEAR_ATTENTION_BACKENDS: readonly string[] = [
  "triton",
  "cutedsl",
  "flashinfer",
  "flashkda",
];

/** Of weights: the model's and a draft model's. */
export const LOAD_FORMATS: readonly string[] = [
  "auto",
  "pt",
  "safetensors",
  "npcache",
  "dummy",
  "sharded_state",
  "gguf",
  "bitsandbytes",
  "mistral",
  "layered",
  "flash_rl",
  "remote",
  "remote_instance",
  "fastsafetensors",
  "private",
  "runai_streamer",
];

/** What exchanges tokens between experts. */
export const MOE_A2A_BACKENDS: readonly string[] = [
  "none",
  "deepep",
  "mooncake",
  "nixl",
  "mori",
  "ascend_fuseep",
  "flashinfer",
  "megamoe",
  "ascend_tp",
];

/** What computes experts. */
export const MOE_RUNNER_BACKENDS: readonly string[] = [
  "auto",
  "deep_gemm",
  "triton",
  "triton_kernel",
  "flashinfer_trtllm",
  "experimental_sgl_trtllm",
  "flashinfer_trtllm_routed",
  "flashinfer_cutlass",
  "flashinfer_mxfp4",
  "flashinfer_cutedsl",
  "cutlass",
  "aiter",
  "marlin",
  "humming",
  "experimental_sgl_marlin",
];

/** Of the model and of a draft model. */
export const QUANTIZATIONS: readonly string[] = [
  "awq",
  "fp8",
  "mxfp8",
  "gptq",
  "marlin",
  "gptq_marlin",
  "awq_marlin",
  "bitsandbytes",
  "gguf",
  "modelopt",
  "modelopt_fp8",
  "modelopt_fp4",
  "nvfp4_online",
  "modelopt_mixed",
  "petit_nvfp4",
  "w8a8_int8",
  "w8a8_fp8",
  "moe_wna16",
  "w4afp8",
  "mxfp4",
  "auto-round",
  "auto-round-int8",
  "compressed-tensors",
  "modelslim",
  "mxfp_w4a8",
  "quark",
  "quark_int4fp8_moe",
  "quark_mxfp4",
  "mlx_q4",
  "mlx_q8",
  "unquant",
  "humming",
];

/** Alike for prefill and decoding, under the flags' old name (nsa) and the new one (dsa). */
export const SPARSE_ATTENTION_BACKENDS: readonly string[] = [
  "flashmla_sparse",
  "flashmla_sparse_q8",
  "flashmla_kv",
  "flashmla_auto",
  "fa3",
  "tilelang",
  "aiter",
  "trtllm",
];

/** The router's; the server has `auto` before them. */
export const TOOL_CALL_PARSERS: readonly string[] = [
  "apertus2509",
  "cohere_command4",
  "deepseekv3",
  "deepseekv31",
  "deepseekv32",
  "deepseekv4",
  "glm",
  "glm45",
  "glm47",
  "gpt-oss",
  "kimi_k2",
  "lfm2",
  "llama3",
  "mimo",
  "minicpm5",
  "mistral",
  "poolside_v1",
  "pythonic",
  "qwen",
  "qwen25",
  "qwen3_coder",
  "step3",
  "step3p5",
  "minimax-m2",
  "minimax-m3",
  "trinity",
  "interns1",
  "hermes",
  "hunyuan",
  "gigachat3",
  "gemma4",
  "inkling",
];
