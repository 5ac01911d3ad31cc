import type { Value } from "../onnx/graph.ts";
import { zerosLike } from "./shape.ts";
import type { Tape } from "./tape.ts";

/** Rows of a table [V, C] by index [N]. The gradient is a product with the one-hot matrix: deterministic on any number of threads. */
export function embed(tape: Tape, table: Value, index: Value): Value {
  const { graph } = tape;
  const [rows, columns] = table.shape as [number, number];
  const count = index.shape[0] ?? 1;
  const y = graph.node("Gather", [table, index], [count, columns]);
  tape.record([table], [y], ([dy]) => {
    if (dy === undefined) return;
    const oneHot = graph.node(
      "OneHot",
      [index, graph.ints([rows], []), graph.float([0, 1], [2])],
      [count, rows],
    );
    tape.add(
      table,
      graph.node("FusedMatMul", [oneHot, dy], table.shape, {
        domain: "com.microsoft",
        attributes: { transA: 1 },
      }),
    );
  });
  return y;
}

/** Distinct rows of x [N, C] by index [U]; no row may be named twice. */
export function selectRows(tape: Tape, x: Value, index: Value): Value {
  const { graph } = tape;
  const count = index.shape[0] ?? 1;
  const y = graph.node("Gather", [x, index], [count, x.shape[1] ?? 1]);
  tape.record([x], [y], ([dy]) => {
    if (dy === undefined) return;
    const column = graph.node("Unsqueeze", [index, graph.ints([1])], [count, 1], { type: "int64" });
    tape.add(x, graph.node("ScatterND", [zerosLike(tape, x), column, dy], x.shape));
  });
  return y;
}

/** A permutation of copies: how rows of [N, C] are laid out in [M, C] with M = N·K, and where each copy went. */
export interface Dispatch {
  /** Source row of each of the M rows, int64 [M]. */
  readonly source: Value;
  /** The K destinations of each source row, int64 [N, K]. */
  readonly destination: Value;
}

/** x [N, C] → [M, C]. */
export function scatterCopies(tape: Tape, x: Value, dispatch: Dispatch): Value {
  const y = rawScatter(tape, x, dispatch);
  tape.record([x], [y], ([dy]) => {
    if (dy !== undefined) tape.add(x, rawCombine(tape, dy, dispatch));
  });
  return y;
}

/** The sum of each source row's K copies: x [M, C] → [N, C]. */
export function combineCopies(tape: Tape, x: Value, dispatch: Dispatch): Value {
  const y = rawCombine(tape, x, dispatch);
  tape.record([x], [y], ([dy]) => {
    if (dy !== undefined) tape.add(x, rawScatter(tape, dy, dispatch));
  });
  return y;
}

function rawScatter(tape: Tape, x: Value, { source }: Dispatch): Value {
  return tape.graph.node("Gather", [x, source], [source.shape[0] ?? 1, x.shape[1] ?? 1]);
}

function rawCombine(tape: Tape, x: Value, { destination }: Dispatch): Value {
  const { graph } = tape;
  const columns = x.shape[1] ?? 1;
  const copies = graph.node("Gather", [x, destination], [...destination.shape, columns]);
  return graph.node("ReduceSum", [copies, graph.ints([1])], [destination.shape[0] ?? 1, columns], {
    attributes: { keepdims: 0 },
  });
}
