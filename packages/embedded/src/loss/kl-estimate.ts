import type { GrpoLoss } from "../engine/types.ts";

/** Log-ratios beyond this are clamped before exponentiation, as the reference does. */
export const MAX_LOG_RATIO = 20;
/** `low_var_kl` values beyond this are clamped. */
export const MAX_LOW_VAR_KL = 10;

/** The KL estimate of one token from log p − log p_ref, as {@link approximateKl} computes it inside a graph. */
export function klEstimate(distance: number, type: GrpoLoss["klLossType"]): number {
  if (type === "k1") return distance;
  if (type === "k2") return (distance * distance) / 2;
  if (type === "k3") return Math.exp(-distance) - 1 + distance;
  const bounded = Math.min(Math.max(distance, -MAX_LOG_RATIO), MAX_LOG_RATIO);
  return Math.min(Math.exp(-bounded) - 1 + bounded, MAX_LOW_VAR_KL);
}
