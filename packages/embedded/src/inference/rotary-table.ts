import type { HfConfig } from "@moonlight-rl/model";
import { RopeTable } from "../model/rope.ts";

/** Turns RoPE parts in place; angles are those of {@link RopeTable}. */
export class RotaryTable {
  readonly #rope: RopeTable;
  readonly #dims: number;
  #cos: Float32Array = new Float32Array(0);
  #sin: Float32Array = new Float32Array(0);
  #count = 0;

  constructor(config: HfConfig) {
    this.#rope = new RopeTable(config);
    this.#dims = config.qk_rope_head_dim;
  }

  /** Turns each pair of the `qk_rope_head_dim` numbers at `at` by the position's angles. */
  turn(memory: Float32Array, at: number, position: number): void {
    if (position >= this.#count) this.#grow(position + 1);
    const dims = this.#dims;
    const line = position * dims;
    for (let i = 0; i < dims; i += 2) {
      const cos = this.#cos[line + i] as number;
      const sin = this.#sin[line + i] as number;
      const first = memory[at + i] as number;
      const second = memory[at + i + 1] as number;
      memory[at + i] = first * cos - second * sin;
      memory[at + i + 1] = second * cos + first * sin;
    }
  }

  #grow(atLeast: number): void {
    this.#count = Math.max(atLeast, 2 * this.#count, 64);
    const positions = Array.from({ length: this.#count }, (_, position) => position);
    const { cos, sin } = this.#rope.rows(positions);
    this.#cos = cos;
    this.#sin = sin;
  }
}
