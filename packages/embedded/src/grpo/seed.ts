import { sha256 } from "@moonlight-rl/core";

/** A 32-bit seed that is a function of its parts alone. */
export function deriveSeed(...parts: readonly (string | number)[]): number {
  return Number.parseInt(sha256(parts.join("/")).slice(0, 8), 16);
}
