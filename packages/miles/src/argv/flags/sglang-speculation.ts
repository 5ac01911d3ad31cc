import type { FlagSpec } from "../flag-spec.ts";
import {
  LOAD_FORMATS,
  MOE_A2A_BACKENDS,
  MOE_RUNNER_BACKENDS,
  QUANTIZATIONS,
} from "./sglang-choices.ts";

/** Speculative decoding. */
export const SGLANG_SPECULATION_FLAGS: readonly FlagSpec[] = [
  { names: ["--sglang-speculative-algorithm"] },
  { names: ["--sglang-speculative-draft-model-path", "--sglang-speculative-draft-model"] },
  { names: ["--sglang-speculative-draft-model-revision"] },
  {
    names: ["--sglang-speculative-draft-load-format"],
    choices: LOAD_FORMATS,
  },
  { names: ["--sglang-speculative-num-steps"], type: "int" },
  { names: ["--sglang-speculative-eagle-topk"], type: "int" },
  { names: ["--sglang-speculative-num-draft-tokens"], type: "int" },
  { names: ["--sglang-speculative-dflash-block-size"], type: "int" },
  { names: ["--sglang-speculative-dspark-block-size"], type: "int" },
  { names: ["--sglang-speculative-dspark-sps-table-path"] },
  { names: ["--sglang-speculative-dspark-confidence-sts-path"] },
  { names: ["--sglang-speculative-dspark-align-verify-tokens-to-graph-tier"], action: "storeTrue" },
  { names: ["--sglang-speculative-accept-threshold-single"], type: "float", default: 1 },
  { names: ["--sglang-speculative-accept-threshold-acc"], type: "float", default: 1 },
  { names: ["--sglang-speculative-use-rejection-sampling"], action: "storeTrue" },
  { names: ["--sglang-speculative-token-map"] },
  {
    names: ["--sglang-speculative-attention-mode"],
    choices: ["prefill", "decode"],
    default: "prefill",
  },
  { names: ["--sglang-speculative-draft-attention-backend"] },
  { names: ["--sglang-speculative-draft-window-size"], type: "int" },
  {
    names: ["--sglang-speculative-moe-runner-backend"],
    choices: MOE_RUNNER_BACKENDS,
  },
  {
    names: ["--sglang-speculative-moe-a2a-backend"],
    choices: MOE_A2A_BACKENDS,
  },
  {
    names: ["--sglang-speculative-draft-model-quantization"],
    choices: QUANTIZATIONS,
  },
  { names: ["--sglang-speculative-skip-dp-mlp-sync"], action: "storeTrue" },
  { names: ["--sglang-enable-multi-layer-eagle"], action: "storeTrue" },
  { names: ["--sglang-speculative-adaptive"], action: "storeTrue" },
  { names: ["--sglang-speculative-adaptive-config"] },
  { names: ["--sglang-decoupled-spec-bind-endpoint"] },
  { names: ["--sglang-decoupled-spec-connect-endpoints"], type: "json" },
  { names: ["--sglang-decoupled-spec-rank"], type: "int" },
  {
    names: ["--sglang-decoupled-spec-role"],
    choices: ["null", "verifier", "drafter"],
    default: "null",
  },
  { names: ["--sglang-spec-trace-dir"] },
  { names: ["--sglang-speculative-ngram-min-bfs-breadth"], type: "int", default: 1 },
  { names: ["--sglang-speculative-ngram-max-bfs-breadth"], type: "int", default: 10 },
  { names: ["--sglang-speculative-ngram-match-type"], choices: ["BFS", "PROB"], default: "BFS" },
  { names: ["--sglang-speculative-ngram-max-trie-depth"], type: "int", default: 18 },
  { names: ["--sglang-speculative-ngram-capacity"], type: "int", default: 10000000 },
  { names: ["--sglang-speculative-ngram-external-corpus-path"] },
  { names: ["--sglang-speculative-ngram-external-sam-budget"], type: "int", default: 0 },
  {
    names: ["--sglang-speculative-ngram-external-corpus-max-tokens"],
    type: "int",
    default: 10000000,
  },
];
