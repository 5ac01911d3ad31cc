import { PANEL } from "../kernels/linear.ts";
import type { Arena } from "./arena.ts";
import { roundUp, type Dims } from "./plan.ts";

const FLOAT = 4;

/** Where the keys of a slot's tokens are: in each layer a matrix whose columns are the tokens. */
export interface KeyShape {
  /** Tokens that there is room for; a multiple of {@link PANEL}. */
  readonly places: number;
  /** Bytes from one layer to the next. */
  readonly layer: number;
}

/** Keys of earlier tokens, in memory that the engine's threads share; slots in use are the first ones. */
export class KeyCache {
  readonly #arena: Arena;
  readonly #dims: Dims;
  readonly #layers: number;
  readonly #slots: number;
  #address: number | undefined;
  shape: KeyShape = { places: 0, layer: 0 };

  constructor(arena: Arena, dims: Dims, layers: number, slots: number) {
    this.#arena = arena;
    this.#dims = dims;
    this.#layers = layers;
    this.#slots = slots;
  }

  get places(): number {
    return this.shape.places;
  }

  /** Address of a slot. */
  slot(number: number): number {
    if (this.#address === undefined) throw new Error("the cache has no room");
    return this.#address + number * this.#slotBytes();
  }

  /** A copy of the keys of a slot's first `count` tokens. */
  read(slot: number, count: number): Float32Array {
    const size = this.#size(count);
    const memory = this.#floats();
    const keys = new Float32Array(this.#layers * size);
    for (let layer = 0; layer < this.#layers; layer++) {
      const from = this.#matrix(slot, layer);
      keys.set(memory.subarray(from, from + size), layer * size);
    }
    return keys;
  }

  /** Writes what {@link read} gave for `count` tokens. */
  write(slot: number, count: number, keys: Float32Array): void {
    const size = this.#size(count);
    const memory = this.#floats();
    for (let layer = 0; layer < this.#layers; layer++)
      memory.set(keys.subarray(layer * size, (layer + 1) * size), this.#matrix(slot, layer));
  }

  /** Moves one slot's keys over another's. */
  move(from: number, to: number): void {
    const size = this.#slotBytes() / FLOAT;
    const begin = this.slot(from) / FLOAT;
    this.#floats().copyWithin(this.slot(to) / FLOAT, begin, begin + size);
  }

  /** Changes how many tokens a slot can hold at least; the first `used` slots keep theirs, as many as `kept` says. */
  resize(places: number, used: number, kept: (slot: number) => number): void {
    const before = this.#address;
    const old = Array.from({ length: used * this.#layers }, (_, i) =>
      this.#matrix(Math.floor(i / this.#layers), i % this.#layers),
    );
    const rounded = roundUp(places, PANEL);
    this.shape = { places: rounded, layer: rounded * this.#dims.key * FLOAT };
    this.#address = this.#arena.allocate(this.#slots * this.#slotBytes());
    const memory = this.#floats();
    old.forEach((from, i) => {
      const slot = Math.floor(i / this.#layers);
      const to = this.#matrix(slot, i % this.#layers);
      memory.copyWithin(to, from, from + this.#size(kept(slot)));
    });
    if (before !== undefined) this.#arena.free(before);
  }

  /** Gives the memory back; `resize` takes some again. */
  free(): void {
    if (this.#address !== undefined) this.#arena.free(this.#address);
    this.#address = undefined;
    this.shape = { places: 0, layer: 0 };
  }

  #slotBytes(): number {
    return this.#layers * this.shape.layer;
  }

  /** Where a layer's matrix begins, in numbers. */
  #matrix(slot: number, layer: number): number {
    return (this.slot(slot) + layer * this.shape.layer) / FLOAT;
  }

  /** Numbers of a matrix that has room for so many tokens. */
  #size(count: number): number {
    return roundUp(count, PANEL) * this.#dims.key;
  }

  #floats(): Float32Array {
    return new Float32Array(this.#arena.memory.buffer);
  }
}
