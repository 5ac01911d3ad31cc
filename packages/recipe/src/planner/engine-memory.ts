import type { HfConfig } from "@moonlight-rl/model";
import type { Recipe } from "../schema.ts";
import type { Gpu } from "./hardware.ts";
import { planLine, type PlanLine } from "./line.ts";
import { modelSize } from "./model-size.ts";
import { contextLine } from "./trainer-memory.ts";

const GIB = 2 ** 30;
/** Bytes per weight that the engine serves, scales included. */
const WEIGHT_BYTES = {
  bf16: 2,
  "fp8-rollout": 1.03,
  "fp8-blockwise": 1.03,
  "int4-qat": 0.56,
} as const;

export interface EngineMemory {
  readonly weights: PlanLine;
  readonly kv: PlanLine;
  readonly graphs: PlanLine;
  readonly other: readonly PlanLine[];
  /** Bytes of latent keys and values per token, on every GPU of the engine. */
  readonly kvBytesPerToken: number;
  /** Tokens that one engine can hold; negative means that the weights alone exceed the static share. */
  readonly kvTokens: number;
}

/** One GPU of a rollout engine. */
export function engineMemory(config: HfConfig, recipe: Recipe, gpu: Gpu): EngineMemory {
  const { sglang: s, precision } = recipe;
  const gpus = Math.max(1, s.numGpusPerEngine);
  const { total } = modelSize(config);
  const held = total / gpus + replicatedParameters(config, s.enableDpAttention) * (1 - 1 / gpus);
  const weights = held * WEIGHT_BYTES[precision.mode];
  const latent = config.kv_lora_rank + config.qk_rope_head_dim;
  const width = s.kvCacheDtype.startsWith("fp8") ? 1 : 2;
  const kvBytesPerToken = latent * width * config.num_hidden_layers;
  const kv = gpu.memoryBytes * s.memFractionStatic - weights;
  const batches = s.disableCudaGraph ? 0 : s.cudaGraphBs.length || 36;
  const prefill = s.chunkedPrefillSize ?? 8192;
  return {
    weights: planLine(
      "engine weights",
      weights,
      0.05,
      `${(held / 1e9).toFixed(2)} G parameters per GPU (engine of ${gpus}) × ${WEIGHT_BYTES[precision.mode]} B`,
      "tensor catalogue; SGLang splits over the GPUs of an engine",
    ),
    kv: planLine(
      "engine KV cache",
      Math.max(0, kv),
      0.05,
      `memFractionStatic ${s.memFractionStatic} × ${(gpu.memoryBytes / GIB).toFixed(1)} GiB − weights`,
      "SGLang: the static share holds weights and KV cache",
    ),
    graphs: planLine(
      "engine CUDA graphs",
      batches === 0 ? 0 : 0.5 * GIB + batches * 2 ** 25,
      0.6,
      batches === 0 ? "switched off" : `0.5 GiB + ${batches} batch sizes × 32 MiB`,
      "estimate",
    ),
    other: [
      planLine(
        "engine activations",
        prefill * config.hidden_size * 2 * (6 + (4 * config.num_experts_per_tok) / gpus) +
          s.serverConcurrency * config.vocab_size * 4,
        0.5,
        `${prefill} tokens of prefill, ${s.serverConcurrency} rows of logits`,
        "estimate",
      ),
      contextLine("engine"),
    ],
    kvBytesPerToken,
    kvTokens: Math.floor(kv / kvBytesPerToken) * (s.enableDpAttention ? Math.max(1, s.dpSize) : 1),
  };
}

/** Parameters that every GPU of an engine holds whole. */
function replicatedParameters(config: HfConfig, dataParallelAttention: boolean): number {
  const { hidden_size: h, num_hidden_layers: layers, num_attention_heads: heads } = config;
  const down = h * (config.kv_lora_rank + config.qk_rope_head_dim);
  const router = h * config.n_routed_experts;
  const attention =
    h * heads * (config.qk_nope_head_dim + config.qk_rope_head_dim) +
    config.kv_lora_rank * heads * (config.qk_nope_head_dim + config.v_head_dim) +
    heads * config.v_head_dim * h;
  return layers * (down + router + (dataParallelAttention ? attention : 0));
}
