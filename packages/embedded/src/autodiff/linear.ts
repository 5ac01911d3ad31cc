import type { Dimension, Value } from "../onnx/graph.ts";
import type { Tape } from "./tape.ts";

export interface MatmulOptions {
  readonly transA?: boolean;
  readonly transB?: boolean;
  /** Factor on the product; default 1. */
  readonly scale?: number;
}

/** A·B over the last two axes, each transposed on request. Batch axes must agree, or be missing from a constant. */
export function matmul(tape: Tape, a: Value, b: Value, options: MatmulOptions = {}): Value {
  const { transA = false, transB = false, scale = 1 } = options;
  const y = rawMatmul(tape, a, b, options);
  tape.record([a, b], [y], ([dy]) => {
    if (dy === undefined) return;
    if (tape.tracks(a)) {
      tape.add(
        a,
        transA
          ? rawMatmul(tape, b, dy, { transA: transB, transB: true, scale })
          : rawMatmul(tape, dy, b, { transB: !transB, scale }),
      );
    }
    if (tape.tracks(b)) {
      tape.add(
        b,
        transB
          ? rawMatmul(tape, dy, a, { transA: true, transB: transA, scale })
          : rawMatmul(tape, a, dy, { transA: !transA, scale }),
      );
    }
  });
  return y;
}

/** The product without a gradient. */
export function rawMatmul(tape: Tape, a: Value, b: Value, options: MatmulOptions = {}): Value {
  const { transA = false, transB = false, scale = 1 } = options;
  const rows = a.shape.at(transA ? -1 : -2) as Dimension;
  const columns = b.shape.at(transB ? -2 : -1) as Dimension;
  const batch = (a.shape.length >= b.shape.length ? a : b).shape.slice(0, -2);
  return tape.graph.node("FusedMatMul", [a, b], [...batch, rows, columns], {
    domain: "com.microsoft",
    attributes: {
      transA: transA ? 1 : 0,
      transB: transB ? 1 : 0,
      alpha: { float: scale },
    },
  });
}

/** a + b, of one shape. */
export function add(tape: Tape, a: Value, b: Value): Value {
  const y = tape.graph.node("Add", [a, b], a.shape);
  tape.record([a, b], [y], ([dy]) => {
    if (dy === undefined) return;
    tape.add(a, dy);
    tape.add(b, dy);
  });
  return y;
}

/** x · factor, where the factor is a constant of x's shape, or a number. */
export function scaleBy(tape: Tape, x: Value, factor: Value | number): Value {
  const constant = typeof factor === "number" ? tape.graph.scalar(factor) : factor;
  const y = tape.graph.node("Mul", [x, constant], x.shape);
  tape.record([x], [y], ([dy]) => {
    if (dy !== undefined) tape.add(x, tape.graph.node("Mul", [dy, constant], x.shape));
  });
  return y;
}

/** Each row of x [M, C] times its weight [M, 1]. */
export function scaleRows(tape: Tape, x: Value, weight: Value): Value {
  const { graph } = tape;
  const y = graph.node("Mul", [x, weight], x.shape);
  tape.record([x, weight], [y], ([dy]) => {
    if (dy === undefined) return;
    tape.add(x, graph.node("Mul", [dy, weight], x.shape));
    if (tape.tracks(weight)) tape.add(weight, rowDot(tape, dy, x));
  });
  return y;
}

/** Σ over the last axis of a·b, kept as an axis of one: a product with a column of ones, which is quicker than a reduction. */
export function rowDot(tape: Tape, a: Value, b: Value): Value {
  const { graph } = tape;
  const columns = a.shape.at(-1) as number;
  const ones = graph.float(new Float32Array(columns).fill(1), [columns, 1]);
  return rawMatmul(tape, graph.node("Mul", [a, b], a.shape), ones);
}
