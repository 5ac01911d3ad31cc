import type { Value } from "../onnx/graph.ts";
import type { Tape } from "../autodiff/tape.ts";
import type { TokenScores } from "./token-log-probs.ts";

/** Cross-entropy: Σ weight·(−log p). Seeds the gradient; returns the metrics by name. */
export function supervisedLoss(
  tape: Tape,
  scores: TokenScores,
  weight: Value,
): ReadonlyMap<string, Value> {
  const { graph } = tape;
  const negated = graph.node("Neg", [weight], ["R"]);
  tape.add(scores.logProbs, negated);
  const sum = graph.node("ReduceSum", [graph.node("Mul", [negated, scores.logProbs], ["R"])], [1], {
    attributes: { keepdims: 1 },
  });
  return new Map([["loss", sum]]);
}
