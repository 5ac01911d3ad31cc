import type { FlagSpec } from "../flag-spec.ts";

/** Flags of miles: the flags that miles itself adds about its engines. Facts read from the parser itself, one entry each. */
export const MILES_SGLANG_FLAGS: readonly FlagSpec[] = [
  { names: ["--sglang-router-ip"] },
  { names: ["--sglang-router-port"], type: "int" },
  { names: ["--sglang-router-policy"] },
  { names: ["--sglang-router-request-timeout-secs"], type: "int", default: 14400 },
  { names: ["--sglang-server-concurrency"], type: "int", default: 512 },
  { names: ["--sglang-config"] },
  {
    names: ["--no-sglang-lora-use-virtual-experts"],
    dest: "sglang_lora_use_virtual_experts",
    action: "storeFalse",
  },
];
