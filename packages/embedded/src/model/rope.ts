import type { HfConfig } from "@moonlight-rl/model";
import { ropeSettings, type RopeSettings } from "./rope-scaling.ts";

/** Cosines and sines of the rotary embedding. */
export interface RopeAngles {
  /** How many positions there are. */
  readonly count: number;
  /** [count, qk_rope_head_dim / 2]: of every position, those of each pair of columns. */
  readonly cos: Float32Array;
  readonly sin: Float32Array;
}

/** Angles of as many positions as are asked for. */
export class RopeTable {
  readonly #pairs: number;
  readonly #settings: RopeSettings;
  #angles: RopeAngles = { count: 0, cos: new Float32Array(0), sin: new Float32Array(0) };

  constructor(config: HfConfig) {
    this.#pairs = config.qk_rope_head_dim / 2;
    this.#settings = ropeSettings(config);
  }

  /** At least those of the first `count` positions. */
  angles(count: number): RopeAngles {
    if (count > this.#angles.count)
      this.#angles = this.#made(Math.max(count, 2 * this.#angles.count, 64));
    return this.#angles;
  }

  #made(count: number): RopeAngles {
    const pairs = this.#pairs;
    const { frequencies, rotaryFactor } = this.#settings;
    const cos = new Float32Array(count * pairs);
    const sin = new Float32Array(count * pairs);
    for (let pair = 0; pair < pairs; pair++) {
      const frequency = frequencies[pair] as number;
      for (let position = 0; position < count; position++) {
        // float32, as transformers computes its angles.
        const angle = Math.fround(position * frequency);
        cos[position * pairs + pair] = Math.cos(angle) * rotaryFactor;
        sin[position * pairs + pair] = Math.sin(angle) * rotaryFactor;
      }
    }
    return { count, cos, sin };
  }
}
