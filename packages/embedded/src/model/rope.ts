import type { HfConfig } from "@moonlight-rl/model";
import type { Value } from "../onnx/graph.ts";
import type { Tape } from "../autodiff/tape.ts";
import { ropeSettings, type RopeSettings } from "./rope-scaling.ts";

/** Cosines and sines of the rotary embedding, [count, qk_rope_head_dim] each, where a pair of columns shares its angle. */
export class RopeTable {
  readonly #dims: number;
  readonly #settings: RopeSettings;
  #cos = new Float32Array(0);
  #sin = new Float32Array(0);
  #count = 0;

  constructor(config: HfConfig) {
    this.#dims = config.qk_rope_head_dim;
    this.#settings = ropeSettings(config);
  }

  /** The rows of the given positions. */
  rows(positions: ArrayLike<number>): { readonly cos: Float32Array; readonly sin: Float32Array } {
    const dims = this.#dims;
    const cos = new Float32Array(positions.length * dims);
    const sin = new Float32Array(positions.length * dims);
    for (let row = 0; row < positions.length; row++) {
      const position = positions[row] as number;
      if (position >= this.#count) this.#grow(position + 1);
      for (let column = 0; column < dims; column++) {
        cos[row * dims + column] = this.#cos[position * dims + column] as number;
        sin[row * dims + column] = this.#sin[position * dims + column] as number;
      }
    }
    return { cos, sin };
  }

  #grow(atLeast: number): void {
    const dims = this.#dims;
    const { frequencies, rotaryFactor } = this.#settings;
    this.#count = Math.max(atLeast, 2 * this.#count, 64);
    this.#cos = new Float32Array(this.#count * dims);
    this.#sin = new Float32Array(this.#count * dims);
    for (let column = 0; column < dims; column++) {
      const frequency = frequencies[column >> 1] as number;
      for (let position = 0; position < this.#count; position++) {
        // float32, as transformers computes its angles.
        const angle = Math.fround(position * frequency);
        this.#cos[position * dims + column] = Math.cos(angle) * rotaryFactor;
        this.#sin[position * dims + column] = Math.sin(angle) * rotaryFactor;
      }
    }
  }
}

/** The matrix R with (R·x)[2i] = −x[2i+1] and (R·x)[2i+1] = x[2i]: a quarter turn of each pair. */
export function quarterTurn(tape: Tape, dims: number): Value {
  const matrix = new Float32Array(dims * dims);
  for (let even = 0; even < dims; even += 2) {
    matrix[even * dims + even + 1] = -1;
    matrix[(even + 1) * dims + even] = 1;
  }
  return tape.graph.float(matrix, [dims, dims]);
}
