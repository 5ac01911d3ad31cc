import type { Dimension, Value } from "../onnx/graph.ts";
import type { Tape } from "./tape.ts";

/**
 * The same elements in another shape. At most one size may be symbolic (it is inferred), unless `target` supplies the
 * sizes as an int64 vector; `back` does so for the gradient.
 */
export function reshape(
  tape: Tape,
  x: Value,
  shape: readonly Dimension[],
  target: Value = sizes(tape, shape),
  back: () => Value = () => sizes(tape, x.shape),
): Value {
  const y = tape.graph.node("Reshape", [x, target], shape);
  tape.record([x], [y], ([dy]) => {
    if (dy !== undefined) tape.add(x, tape.graph.node("Reshape", [dy, back()], x.shape));
  });
  return y;
}

function sizes(tape: Tape, shape: readonly Dimension[]): Value {
  const target = shape.map((size) => (typeof size === "number" ? size : -1));
  if (target.filter((size) => size === -1).length > 1) {
    throw new Error(`shape [${shape.join(", ")}] cannot be inferred`);
  }
  return tape.graph.ints(target);
}

/** Parts of the given sizes along an axis (counted from the front). */
export function split(tape: Tape, x: Value, parts: readonly number[], axis: number): Value[] {
  const { graph } = tape;
  const outputs = graph.multi(
    "Split",
    [x, graph.ints(parts)],
    parts.map((size) => ({ shape: x.shape.with(axis, size) })),
    { attributes: { axis } },
  );
  tape.record([x], outputs, (gradients) => {
    const pieces = outputs.map((output, index) => gradients[index] ?? zerosLike(tape, output));
    tape.add(x, graph.node("Concat", pieces, x.shape, { attributes: { axis } }));
  });
  return outputs;
}

/** Joins along an axis whose sizes are known. */
export function concat(tape: Tape, parts: readonly Value[], axis: number): Value {
  const { graph } = tape;
  const lengths = parts.map((part) => part.shape[axis] as number);
  const shape = (parts[0] as Value).shape.with(
    axis,
    lengths.reduce((sum, size) => sum + size, 0),
  );
  const y = graph.node("Concat", parts, shape, { attributes: { axis } });
  tape.record(parts, [y], ([dy]) => {
    if (dy === undefined) return;
    const pieces = graph.multi(
      "Split",
      [dy, graph.ints(lengths)],
      parts.map((part) => ({ shape: part.shape })),
      { attributes: { axis } },
    );
    parts.forEach((part, index) => tape.add(part, pieces[index] as Value));
  });
  return y;
}

/** [A, B] → [B, A]. */
export function transpose2d(tape: Tape, x: Value): Value {
  const { graph } = tape;
  const attributes = { perm: [1, 0] };
  const y = graph.node("Transpose", [x], x.shape.toReversed(), { attributes });
  tape.record([x], [y], ([dy]) => {
    if (dy !== undefined) tape.add(x, graph.node("Transpose", [dy], x.shape, { attributes }));
  });
  return y;
}

/** Zeros of a value's shape, whatever it turns out to be. */
export function zerosLike(tape: Tape, x: Value): Value {
  const { graph } = tape;
  const shape = graph.node("Shape", [x], [x.shape.length], { type: "int64" });
  return graph.node("Expand", [graph.scalar(0), shape], x.shape);
}
