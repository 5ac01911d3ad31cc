import type { Value } from "../onnx/graph.ts";
import { rawMatmul } from "./linear.ts";
import type { Tape } from "./tape.ts";

/** x / rms(x) · gain over rows: x [N, C], gain [C]. */
export function rmsNorm(tape: Tape, x: Value, gain: Value, epsilon: number): Value {
  const { graph } = tape;
  const [rows, columns] = x.shape as [string, number];
  const [y, inverse] = graph.multi(
    "SimplifiedLayerNormalization",
    [x, gain],
    [{ shape: x.shape }, { shape: [rows, 1] }],
    { attributes: { axis: -1, epsilon: { float: epsilon }, stash_type: 1 } },
  ) as [Value, Value];
  tape.record([x, gain], [y], ([dy]) => {
    if (dy === undefined) return;
    const multiply = (a: Value, b: Value): Value => graph.node("Mul", [a, b], x.shape);
    const product = multiply(dy, x);
    // A product with a row: quicker than a sum over columns.
    const gradient = rawMatmul(tape, inverse, product, { transA: true });
    tape.add(gain, graph.node("Reshape", [gradient, graph.ints([columns])], [columns]));
    if (!tape.tracks(x)) return;
    const column = graph.node("Unsqueeze", [gain, graph.ints([1])], [columns, 1]);
    const projection = rawMatmul(tape, product, column, { scale: 1 / columns });
    const perRow = (a: Value, b: Value): Value => graph.node("Mul", [a, b], [rows, 1]);
    const pull = multiply(x, perRow(perRow(inverse, inverse), projection));
    const difference = graph.node("Sub", [multiply(dy, gain), pull], x.shape);
    tape.add(x, multiply(difference, inverse));
  });
  return y;
}
