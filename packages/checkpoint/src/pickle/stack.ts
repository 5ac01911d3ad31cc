import type { VerificationError } from "@moonlight-rl/core";
import type { PickleValue } from "./value.ts";

/** Marks the place on the stack that MARK left. */
const MARK = Symbol("mark");
type Slot = PickleValue | typeof MARK;

/** What a pickle's instructions work on. */
export class PickleStack {
  readonly #slots: Slot[] = [];
  readonly #fault: (what: string) => VerificationError;

  /** `fault` makes the error of an instruction that finds too little here. */
  constructor(fault: (what: string) => VerificationError) {
    this.#fault = fault;
  }

  /** True, as the answer of the instruction that is done with it. */
  push(value: PickleValue): true {
    this.#slots.push(value);
    return true;
  }

  mark(): void {
    this.#slots.push(MARK);
  }

  peek(): PickleValue {
    const top = this.#slots.at(-1);
    if (top === undefined || top === MARK) throw this.#fault("an operation on an empty stack");
    return top;
  }

  pop(): PickleValue {
    const value = this.peek();
    this.#slots.pop();
    return value;
  }

  /** Takes whatever is on top, a mark too. */
  drop(): void {
    this.#slots.pop();
  }

  popMany(count: number): PickleValue[] {
    return Array.from({ length: count }, () => this.pop()).reverse();
  }

  /** Everything above the last mark, and the mark itself. */
  popMark(): PickleValue[] {
    const at = this.#slots.lastIndexOf(MARK);
    if (at === -1) throw this.#fault("an operation without its mark");
    const values = this.#slots.splice(at).slice(1);
    return values as PickleValue[];
  }
}
