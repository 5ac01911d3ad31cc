import type { Value } from "../onnx/graph.ts";
import type { Tape } from "./tape.ts";

/** silu(gate) · up, of one shape. */
export function swiglu(tape: Tape, gate: Value, up: Value): Value {
  const { graph } = tape;
  const multiply = (a: Value, b: Value): Value => graph.node("Mul", [a, b], gate.shape);
  const silu = graph.node("QuickGelu", [gate], gate.shape, {
    domain: "com.microsoft",
    attributes: { alpha: { float: 1 } },
  });
  const y = multiply(silu, up);
  tape.record([gate, up], [y], ([dy]) => {
    if (dy === undefined) return;
    tape.add(up, multiply(dy, silu));
    // silu' = σ + silu·(1 − σ) = silu + σ·(1 − silu)
    const sigmoid = graph.node("Sigmoid", [gate], gate.shape);
    const rest = graph.node("Sub", [sigmoid, multiply(sigmoid, silu)], gate.shape);
    const slope = graph.node("Add", [silu, rest], gate.shape);
    tape.add(gate, multiply(multiply(dy, up), slope));
  });
  return y;
}
