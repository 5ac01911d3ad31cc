import type { Value } from "../onnx/graph.ts";
import { rawMatmul, rowDot } from "./linear.ts";
import type { Tape } from "./tape.ts";

/**
 * softmax(q·kᵀ + mask)·v: q [B, Q, D], k [B, T, D], v [B, T, L], mask [B, Q, T] (0 or very negative) → [B, Q, L].
 * The scale is the caller's, folded into q.
 */
export function attend(tape: Tape, q: Value, k: Value, v: Value, mask: Value): Value {
  const { graph } = tape;
  const scores = graph.node("Add", [rawMatmul(tape, q, k, { transB: true }), mask], mask.shape);
  const weights = graph.node("Softmax", [scores], mask.shape, { attributes: { axis: -1 } });
  const y = rawMatmul(tape, weights, v);
  tape.record([q, k, v], [y], ([dy]) => {
    if (dy === undefined) return;
    tape.add(v, rawMatmul(tape, weights, dy, { transA: true }));
    const dWeights = rawMatmul(tape, dy, v, { transB: true });
    // Σ weights·dWeights over a row equals Σ y·dy, which is shorter.
    const centred = graph.node("Sub", [dWeights, rowDot(tape, dy, y)], mask.shape);
    const dScores = graph.node("Mul", [weights, centred], mask.shape);
    tape.add(q, rawMatmul(tape, dScores, k));
    tape.add(k, rawMatmul(tape, dScores, q, { transA: true }));
  });
  return y;
}
