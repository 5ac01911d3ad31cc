import type { Value } from "../onnx/graph.ts";
import type { Tape } from "./tape.ts";

/** Angles of a graph's tokens. */
export interface RotaryAngles {
  /** int64 [N, 1] */
  readonly positions: Value;
  /** [positions, dims / 2]: those of each pair. */
  readonly cos: Value;
  readonly sin: Value;
}

/** Turns every pair of neighbours in the rows of x [N, heads · dims] by its angle. */
export function rotary(tape: Tape, x: Value, { positions, cos, sin }: RotaryAngles): Value {
  const { graph } = tape;
  const turn = (value: Value, sines: Value): Value => {
    const [rows, columns] = value.shape as [string, number];
    // Every row is a sequence of one token, since a sequence must not be longer than the table.
    const batch = [rows, 1, columns];
    const turned = graph.node(
      "RotaryEmbedding",
      [graph.node("Unsqueeze", [value, graph.ints([1])], batch), positions, cos, sines],
      batch,
      { domain: "com.microsoft", attributes: { interleaved: 1 } },
    );
    return graph.node("Squeeze", [turned, graph.ints([1])], value.shape);
  };
  const y = turn(x, sin);
  tape.record([x], [y], ([dy]) => {
    // The way back.
    if (dy !== undefined) tape.add(x, turn(dy, graph.node("Neg", [sin], sin.shape)));
  });
  return y;
}
