import { PANEL } from "../kernels/linear.ts";
import type { Arena } from "./arena.ts";
import { roundUp, type Dims } from "./plan.ts";

const FLOAT = 4;

/** Where the keys of a slot's tokens are, in bytes from the slot's begin. */
export interface KeyShape {
  /** Tokens that there is room for; a multiple of {@link PANEL}. */
  readonly places: number;
  /** From one layer to the next. */
  readonly layer: number;
  /** In a layer: whole keys, as a matrix whose columns are the tokens, come first; the latents, a row for each token, here. */
  readonly latents: number;
}

/** Keys of earlier tokens, in memory that the engine's threads share; slots in use are the first ones. */
export class KeyCache {
  readonly #arena: Arena;
  readonly #dims: Dims;
  readonly #layers: number;
  readonly #slots: number;
  #address: number | undefined;
  shape: KeyShape = { places: 0, layer: 0, latents: 0 };

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
    const { key, latent } = this.#dims;
    const memory = this.#floats();
    const columns = roundUp(count, PANEL) * key;
    const rows = count * latent;
    const keys = new Float32Array(this.#layers * (columns + rows));
    this.#parts(slot).forEach(([matrix, latents], layer) => {
      const at = layer * (columns + rows);
      keys.set(memory.subarray(matrix, matrix + columns), at);
      keys.set(memory.subarray(latents, latents + rows), at + columns);
    });
    return keys;
  }

  /** Writes what {@link read} gave for `count` tokens. */
  write(slot: number, count: number, keys: Float32Array): void {
    const { key, latent } = this.#dims;
    const memory = this.#floats();
    const columns = roundUp(count, PANEL) * key;
    const rows = count * latent;
    this.#parts(slot).forEach(([matrix, latents], layer) => {
      const at = layer * (columns + rows);
      memory.set(keys.subarray(at, at + columns), matrix);
      memory.set(keys.subarray(at + columns, at + columns + rows), latents);
    });
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
    const slots = Array.from({ length: used }, (_, slot) => ({ slot, parts: this.#parts(slot) }));
    const { key, latent } = this.#dims;
    const rounded = roundUp(places, PANEL);
    const latents = rounded * key * FLOAT;
    this.shape = { places: rounded, latents, layer: latents + rounded * latent * FLOAT };
    this.#address = this.#arena.allocate(this.#slots * this.#slotBytes());
    const memory = this.#floats();
    for (const { slot, parts } of slots) {
      const count = kept(slot);
      this.#parts(slot).forEach(([matrix, rows], layer) => {
        const [oldMatrix, oldRows] = parts[layer] as [number, number];
        memory.copyWithin(matrix, oldMatrix, oldMatrix + roundUp(count, PANEL) * key);
        memory.copyWithin(rows, oldRows, oldRows + count * latent);
      });
    }
    if (before !== undefined) this.#arena.free(before);
  }

  /** Gives the memory back; `resize` takes some again. */
  free(): void {
    if (this.#address !== undefined) this.#arena.free(this.#address);
    this.#address = undefined;
    this.shape = { places: 0, layer: 0, latents: 0 };
  }

  #slotBytes(): number {
    return this.#layers * this.shape.layer;
  }

  /** Of each layer, where its matrix and its latents begin, in numbers. */
  #parts(slot: number): [number, number][] {
    const begin = this.slot(slot);
    const { layer, latents } = this.shape;
    return Array.from({ length: this.#layers }, (_, number) => [
      (begin + number * layer) / FLOAT,
      (begin + number * layer + latents) / FLOAT,
    ]);
  }

  #floats(): Float32Array {
    return new Float32Array(this.#arena.memory.buffer);
  }
}
