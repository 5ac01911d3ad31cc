import { PreflightError } from "@moonlight-rl/core";
import type { ParameterEntry, ParameterLayout } from "../engine/types.ts";
import type { Value } from "../onnx/graph.ts";
import { tensor, type Tensors } from "../onnx/session.ts";
import type { Tape } from "../autodiff/tape.ts";

/** One input of a graph: a contiguous range of the flat array, which may span a stack of equal tensors. */
interface View {
  readonly shape: readonly number[];
  readonly offset: number;
  readonly size: number;
  readonly trainable: boolean;
}

/** Declares the parts of the flat parameter array that a graph reads, on first use. */
export class GraphParameters {
  readonly #tape: Tape;
  readonly #entries: ReadonlyMap<string, ParameterEntry>;
  readonly #views = new Map<string, View & { readonly value: Value }>();

  constructor(tape: Tape, layout: ParameterLayout) {
    this.#tape = tape;
    this.#entries = new Map(layout.entries.map((entry) => [entry.name, entry]));
  }

  /** A tensor, optionally seen in another shape of the same size. */
  get(name: string, shape?: readonly number[]): Value {
    const entry = this.#entry(name);
    return this.#declare(name, { ...entry, shape: shape ?? entry.shape });
  }

  /** Equal tensors that follow each other in the layout, joined along their first axis. */
  stack(names: readonly string[]): Value {
    const entries = names.map((name) => this.#entry(name));
    const first = entries[0] as ParameterEntry;
    const rows = (first.shape[0] as number) * names.length;
    return this.#declare(`${names[0]}…`, {
      shape: first.shape.with(0, rows),
      offset: first.offset,
      size: first.size * names.length,
      trainable: first.trainable,
    });
  }

  /** Publishes the gradients as outputs `d/<input>`; call after `tape.backward()`. */
  publishGradients(): void {
    for (const [name, view] of this.#views) {
      const gradient = view.trainable ? this.#tape.gradient(view.value) : undefined;
      if (gradient !== undefined) this.#tape.graph.output(`d/${name}`, gradient);
    }
  }

  /** Views of a flat array as feeds, without copying. */
  feeds(flat: Float32Array): Tensors {
    return this.#tensors(flat, "");
  }

  /** Views of a flat array that receive the gradients; what no gradient is written to is not named. */
  gradients(flat: Float32Array): Tensors {
    return this.#tensors(flat, "d/");
  }

  #tensors(flat: Float32Array, prefix: "" | "d/"): Tensors {
    return Object.fromEntries(
      [...this.#views]
        .filter(([, view]) => prefix === "" || view.trainable)
        .map(([name, { offset, size, shape }]) => [
          prefix + name,
          tensor(flat.subarray(offset, offset + size), shape),
        ]),
    );
  }

  #declare(name: string, { shape, offset, size, trainable }: View): Value {
    const known = this.#views.get(name);
    if (known !== undefined) return known.value;
    const value = this.#tape.graph.input(name, shape);
    if (trainable) this.#tape.track(value);
    this.#views.set(name, { shape, offset, size, trainable, value });
    return value;
  }

  #entry(name: string): ParameterEntry {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw new Error(`no parameter ${name}`);
    return entry;
  }
}

/** Refuses a flat array of another length than the layout's. */
export function assertLength(layout: ParameterLayout, flat: Float32Array, what: string): void {
  if (flat.length !== layout.total) {
    throw new PreflightError(
      "ENGINE_PARAMETER_COUNT",
      `${what}: ${flat.length} values, but the model has ${layout.total}`,
      { hint: "The weights belong to another config.json." },
    );
  }
}
