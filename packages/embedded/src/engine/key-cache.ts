import { tensor, type Tensors } from "../onnx/session.ts";

/** Keys of earlier tokens, per layer [slots, places, dims]; slots in use are the first ones. */
export class KeyCache {
  readonly #slots: number;
  readonly #dims: number;
  #places: number;
  #layers: Float32Array[];

  constructor(layers: number, slots: number, places: number, dims: number) {
    this.#slots = slots;
    this.#dims = dims;
    this.#places = places;
    this.#layers = Array.from({ length: layers }, () => new Float32Array(slots * places * dims));
  }

  get places(): number {
    return this.#places;
  }

  /** Writes the keys of consecutive tokens of one slot, starting at `place`. */
  write(layer: number, slot: number, place: number, keys: Float32Array): void {
    this.#layers[layer]?.set(keys, (slot * this.#places + place) * this.#dims);
  }

  /** Writes the key of one token, which is the row of `keys` with the slot's number. */
  writeRow(layer: number, slot: number, place: number, keys: Float32Array): void {
    const into = this.#layers[layer] as Float32Array;
    const dims = this.#dims;
    const source = slot * dims;
    const target = (slot * this.#places + place) * dims;
    // A loop: for so few numbers a view and its `set` cost more than the copy.
    for (let i = 0; i < dims; i++) into[target + i] = keys[source + i] as number;
  }

  /** Moves one slot's keys over another's. */
  move(from: number, to: number): void {
    const size = this.#places * this.#dims;
    for (const keys of this.#layers) keys.copyWithin(to * size, from * size, (from + 1) * size);
  }

  /** Changes how many tokens a slot can hold; the first `used` slots keep theirs as far as there is room. */
  resize(places: number, used: number): void {
    const [before, after] = [this.#places * this.#dims, places * this.#dims];
    const kept = Math.min(before, after);
    this.#layers = this.#layers.map((keys) => {
      const resized = new Float32Array(this.#slots * after);
      for (let slot = 0; slot < used; slot++) {
        resized.set(keys.subarray(slot * before, slot * before + kept), slot * after);
      }
      return resized;
    });
    this.#places = places;
  }

  /** The first `slots` slots as feeds `cache/<layer>`, without copying. */
  feeds(slots: number): Tensors {
    const shape = [slots, this.#places, this.#dims];
    return Object.fromEntries(
      this.#layers.map((keys, layer) => [
        `cache/${layer}`,
        tensor(keys.subarray(0, slots * this.#places * this.#dims), shape),
      ]),
    );
  }
}
