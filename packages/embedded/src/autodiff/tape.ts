import type { Graph, Value } from "../onnx/graph.ts";

/** Emits the gradients of an operation's inputs, given the gradients of its outputs (missing: zero). */
type Backward = (gradients: readonly (Value | undefined)[]) => void;

interface Entry {
  readonly outputs: readonly Value[];
  readonly backward: Backward;
}

/**
 * Reverse-mode differentiation at the time a graph is built: operations append forward nodes and leave a closure that
 * appends their gradient nodes. Values that no parameter flows into are constants and leave nothing.
 */
export class Tape {
  readonly graph: Graph;
  readonly #entries: Entry[] = [];
  readonly #gradients = new Map<Value, Value[]>();
  readonly #tracked = new Set<Value>();

  constructor(graph: Graph) {
    this.graph = graph;
  }

  /** Declares a parameter. */
  track(value: Value): Value {
    this.#tracked.add(value);
    return value;
  }

  tracks(value: Value): boolean {
    return this.#tracked.has(value);
  }

  /** Registers an operation; a no-op unless one of `inputs` depends on a parameter. */
  record(inputs: readonly Value[], outputs: readonly Value[], backward: Backward): void {
    if (!inputs.some((input) => this.tracks(input))) return;
    for (const output of outputs) this.#tracked.add(output);
    this.#entries.push({ outputs, backward });
  }

  /** Adds to a value's gradient; ignored for constants. */
  add(value: Value, gradient: Value): void {
    if (!this.tracks(value)) return;
    const gradients = this.#gradients.get(value);
    if (gradients === undefined) this.#gradients.set(value, [gradient]);
    else gradients.push(gradient);
  }

  /** Emits all gradient nodes; seed the results with `add` first. Then `gradient` answers for every parameter. */
  backward(): void {
    for (const { outputs, backward } of this.#entries.reverse()) {
      const gradients = outputs.map((output) => this.gradient(output));
      if (gradients.some((gradient) => gradient !== undefined)) backward(gradients);
    }
    this.#entries.length = 0;
  }

  /** The sum of what was added to a value so far. */
  gradient(value: Value): Value | undefined {
    const gradients = this.#gradients.get(value);
    if (gradients === undefined) return undefined;
    const [first, ...more] = gradients as [Value, ...Value[]];
    if (more.length === 0) return first;
    const sum = this.graph.node("Sum", gradients, value.shape);
    this.#gradients.set(value, [sum]);
    return sum;
  }
}
