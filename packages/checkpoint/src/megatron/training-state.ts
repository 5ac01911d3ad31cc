/** Megatron's optimizer; one beside the experts' own has its number in front. */
const OPTIMIZER = /^(?:chained_\d+\.)*optimizer\./;

/** Keys that a trained checkpoint holds beside the weights (the reference's back-converter skips the same). */
export function isOptimizerState(key: string): boolean {
  return (
    OPTIMIZER.test(key) ||
    key.includes("_extra_state") ||
    key.includes("rng_state") ||
    key.includes("rerun_state")
  );
}
