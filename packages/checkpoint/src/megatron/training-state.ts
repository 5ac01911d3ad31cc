/** Keys that a trained checkpoint holds beside the weights (the reference's back-converter skips the same). */
export function isOptimizerState(key: string): boolean {
  return (
    key.startsWith("optimizer.") ||
    key.includes("_extra_state") ||
    key.includes("rng_state") ||
    key.includes("rerun_state")
  );
}
