import type { FlagSpec } from "../flag-spec.ts";
import { SGLANG_DISAGGREGATION_FLAGS } from "./sglang-disaggregation.ts";
import { SGLANG_EXPERTS_FLAGS } from "./sglang-experts.ts";
import { SGLANG_KERNELS_FLAGS } from "./sglang-kernels.ts";
import { SGLANG_MEMORY_FLAGS } from "./sglang-memory.ts";
import { SGLANG_SERVER_FLAGS } from "./sglang-server.ts";
import { SGLANG_SPECULATION_FLAGS } from "./sglang-speculation.ts";

/**
 * Flags of miles, through SGLang: the inference engine's server (SGLang 0.5.16, the version of the reference's image), in its
 * own order. Facts read from the parser itself, one entry each.
 */
export const SGLANG_FLAGS: readonly FlagSpec[] = [
  ...SGLANG_SERVER_FLAGS,
  ...SGLANG_KERNELS_FLAGS,
  ...SGLANG_SPECULATION_FLAGS,
  ...SGLANG_EXPERTS_FLAGS,
  ...SGLANG_MEMORY_FLAGS,
  ...SGLANG_DISAGGREGATION_FLAGS,
];
