import { z } from "zod";
import { field } from "./field-facts.ts";

const count = z.int().nullable();

/** The rollout engine of miles. miles only. */
export const sglangSchema = z.strictObject({
  numGpusPerEngine: field(z.int(), "GPUs of one engine, its tensor-parallel size.", {
    flag: "--rollout-num-gpus-per-engine",
    usual: 1,
    unit: "GPUs",
    source: "A:124",
  }),
  memFractionStatic: field(z.number(), "Share of GPU memory for weights and KV cache.", {
    flag: "--sglang-mem-fraction-static",
    source: "SGLang ServerArgs",
  }),
  cudaGraphBs: field(
    z.array(z.int()),
    "Batch sizes with a captured CUDA graph. Empty: SGLang's own choice.",
    { flag: "--sglang-cuda-graph-bs", usual: [], unit: "requests", source: "SGLang ServerArgs" },
  ),
  disableCudaGraph: field(z.boolean(), "Whether decoding runs without CUDA graphs.", {
    flag: "--sglang-disable-cuda-graph",
    usual: false,
    source: "SGLang ServerArgs",
  }),
  serverConcurrency: field(
    z.int(),
    "Requests in flight per GPU group: samples in flight = this × GPUs ÷ numGpusPerEngine.",
    {
      flag: "--sglang-server-concurrency",
      usual: 512,
      unit: "requests",
      source: "sglang_utils/arguments.py:30",
    },
  ),
  routerRequestTimeoutSecs: field(z.int(), "Seconds after which the router gives a request up.", {
    flag: "--sglang-router-request-timeout-secs",
    usual: 14_400,
    unit: "seconds",
    source: "sglang_utils/arguments.py:151",
  }),
  useMilesRouter: field(z.boolean(), "Whether miles' own router stands before the engines.", {
    flag: "--use-miles-router",
    usual: false,
    source: "A:1846",
  }),
  dpSize: field(
    z.int(),
    "Data-parallel groups inside an engine; more than 1 needs enableDpAttention.",
    {
      flag: "--sglang-dp-size",
      usual: 1,
      unit: "groups",
      source: "sglang_utils/arguments.py:183",
    },
  ),
  epSize: field(z.int(), "GPUs of an engine that the experts are spread over.", {
    flag: "--sglang-ep-size",
    usual: 1,
    unit: "GPUs",
    source: "SGLang ServerArgs",
  }),
  enableDpAttention: field(
    z.boolean(),
    "Whether attention is data-parallel inside an engine, so that latent KV is not copied to each GPU.",
    { flag: "--sglang-enable-dp-attention", usual: false, source: "SGLang ServerArgs" },
  ),
  enableDpLmHead: field(z.boolean(), "Whether the output layer is data-parallel too.", {
    flag: "--sglang-enable-dp-lm-head",
    usual: false,
    source: "SGLang ServerArgs",
  }),
  moeA2aBackend: field(
    z.enum(["none", "deepep", "mooncake", "nixl", "mori", "flashinfer"]),
    "How tokens travel between an engine's experts.",
    { flag: "--sglang-moe-a2a-backend", usual: "none", source: "SGLang ServerArgs" },
  ),
  attentionBackend: field(
    z.string().min(1).nullable(),
    "Attention kernel of the engine (flashinfer, fa3, flashmla, triton, …). null: SGLang's choice.",
    { flag: "--sglang-attention-backend", usual: null, source: "SGLang ServerArgs" },
  ),
  kvCacheDtype: field(
    z.enum(["auto", "bf16", "fp8_e5m2", "fp8_e4m3"]),
    "Type of the KV cache; auto is the model's.",
    { flag: "--sglang-kv-cache-dtype", usual: "auto", source: "SGLang ServerArgs" },
  ),
  maxRunningRequests: field(count, "Most requests that decode at once. null: SGLang's choice.", {
    flag: "--sglang-max-running-requests",
    usual: null,
    unit: "requests",
    source: "SGLang ServerArgs",
  }),
  chunkedPrefillSize: field(count, "Tokens of a prefill chunk. null: SGLang's choice.", {
    flag: "--sglang-chunked-prefill-size",
    usual: null,
    unit: "tokens",
    source: "SGLang ServerArgs",
  }),
  contextLength: field(
    count,
    "Longest sequence that the engine takes. null: max_position_embeddings of config.json.",
    { flag: "--sglang-context-length", usual: null, unit: "tokens", source: "SGLang ServerArgs" },
  ),
  disableRadixCache: field(z.boolean(), "Whether shared prefixes are computed anew.", {
    flag: "--sglang-disable-radix-cache",
    usual: false,
    source: "SGLang ServerArgs",
  }),
  enableDeterministicInference: field(
    z.boolean(),
    "Whether results do not depend on what else is in the batch; slower.",
    {
      flag: "--sglang-enable-deterministic-inference",
      usual: false,
      source: "SGLang ServerArgs",
    },
  ),
  speculativeAlgorithm: field(
    z.string().min(1).nullable(),
    "Speculative decoding (EAGLE, NEXTN, NGRAM, …). null: none.",
    { flag: "--sglang-speculative-algorithm", usual: null, source: "SGLang ServerArgs" },
  ),
  speculativeNumSteps: field(count, "Steps of the draft model.", {
    flag: "--sglang-speculative-num-steps",
    usual: null,
    unit: "steps",
    source: "SGLang ServerArgs",
  }),
  speculativeEagleTopk: field(count, "Tokens kept per draft step.", {
    flag: "--sglang-speculative-eagle-topk",
    usual: null,
    unit: "tokens",
    source: "SGLang ServerArgs",
  }),
  speculativeNumDraftTokens: field(count, "Draft tokens that are verified at once.", {
    flag: "--sglang-speculative-num-draft-tokens",
    usual: null,
    unit: "tokens",
    source: "SGLang ServerArgs",
  }),
  watchdogTimeout: field(z.number(), "Seconds after which a stuck engine ends itself.", {
    flag: "--sglang-watchdog-timeout",
    usual: 300,
    unit: "seconds",
    source: "SGLang ServerArgs",
  }),
  enableMetrics: field(z.boolean(), "Whether the engine serves Prometheus metrics.", {
    flag: "--sglang-enable-metrics",
    usual: false,
    source: "SGLang ServerArgs",
  }),
  logLevel: field(z.enum(["debug", "info", "warning", "error"]), "What the engine logs.", {
    flag: "--sglang-log-level",
    usual: "info",
    source: "SGLang ServerArgs",
  }),
});
