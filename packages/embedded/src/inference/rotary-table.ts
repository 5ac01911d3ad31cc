import type { HfConfig } from "@moonlight-rl/model";
import { RopeTable } from "../model/rope.ts";

/** Turns RoPE parts in place; angles are those of {@link RopeTable}. */
export class RotaryTable {
  readonly #rope: RopeTable;
  readonly #dims: number;

  constructor(config: HfConfig) {
    this.#rope = new RopeTable(config);
    this.#dims = config.qk_rope_head_dim;
  }

  /** Turns each pair of the `qk_rope_head_dim` numbers at `at` by the position's angles. */
  turn(memory: Float32Array, at: number, position: number): void {
    const { cos: cosines, sin: sines } = this.#rope.angles(position + 1);
    const dims = this.#dims;
    for (let i = 0, line = (position * dims) / 2; i < dims; i += 2, line++) {
      const cos = cosines[line] as number;
      const sin = sines[line] as number;
      const first = memory[at + i] as number;
      const second = memory[at + i + 1] as number;
      memory[at + i] = first * cos - second * sin;
      memory[at + i + 1] = second * cos + first * sin;
    }
  }
}
