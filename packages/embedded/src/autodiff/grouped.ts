import type { Value } from "../onnx/graph.ts";
import { rawMatmul } from "./linear.ts";
import type { Tape } from "./tape.ts";

/** Rows sorted by group, and how many rows each group has (int64 [E]; zero is fine). */
export class Groups {
  readonly #tape: Tape;
  readonly #counts: Value;
  readonly #count: number;
  readonly #split = new Map<Value, Value[]>();

  constructor(tape: Tape, counts: Value, count: number) {
    this.#tape = tape;
    this.#counts = counts;
    this.#count = count;
  }

  /** x [M, C]: each group's rows times the transpose of its own matrix of weights [E·O, C] → [M, O]. */
  linear(x: Value, weights: Value): Value {
    const tape = this.#tape;
    const outputs = (weights.shape[0] as number) / this.#count;
    const matrices = this.#matrices(weights);
    const y = this.#join(
      this.#parts(x).map((part, group) =>
        rawMatmul(tape, part, matrices[group] as Value, { transB: true }),
      ),
      x.shape.with(1, outputs),
    );
    tape.record([x, weights], [y], ([dy]) => {
      if (dy === undefined) return;
      const gradients = this.#parts(dy);
      const parts = this.#parts(x);
      tape.add(
        x,
        this.#join(
          gradients.map((gradient, group) => rawMatmul(tape, gradient, matrices[group] as Value)),
          x.shape,
        ),
      );
      tape.add(
        weights,
        this.#join(
          gradients.map((gradient, group) =>
            rawMatmul(tape, gradient, parts[group] as Value, { transA: true }),
          ),
          weights.shape,
        ),
      );
    });
    return y;
  }

  /** The rows of each group; one Split per value, however often it is asked for. */
  #parts(x: Value): Value[] {
    return this.#once(x, () =>
      this.#tape.graph.multi(
        "Split",
        [x, this.#counts],
        Array.from({ length: this.#count }, (_, group) => ({
          shape: x.shape.with(0, `${x.shape[0]}/${group}`),
        })),
        { attributes: { axis: 0 } },
      ),
    );
  }

  #matrices(weights: Value): Value[] {
    const { graph } = this.#tape;
    const rows = (weights.shape[0] as number) / this.#count;
    return this.#once(weights, () =>
      graph.multi(
        "Split",
        [weights, graph.ints(Array.from({ length: this.#count }, () => rows))],
        Array.from({ length: this.#count }, () => ({ shape: weights.shape.with(0, rows) })),
        { attributes: { axis: 0 } },
      ),
    );
  }

  #once(key: Value, make: () => Value[]): Value[] {
    const known = this.#split.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.#split.set(key, made);
    return made;
  }

  #join(parts: readonly Value[], shape: Value["shape"]): Value {
    return this.#tape.graph.node("Concat", parts, shape, { attributes: { axis: 0 } });
  }
}
