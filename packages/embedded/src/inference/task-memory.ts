import type { Arena } from "./arena.ts";
import type { KeyShape } from "./key-cache.ts";
import { ROW, ROW_COLUMNS, TASK, TASK_HEADER } from "./task.ts";

const WORD = 4;

/** One token that goes through the model. */
export interface TaskRow {
  readonly token: number;
  readonly position: number;
  /** Address of the sequence's keys. */
  readonly slot: number;
  /** Address of the probabilities; 0: not wanted. */
  readonly output: number;
  readonly inverseTemperature: number;
}

/** The table of rows that the threads work on; it grows with the largest task. */
export class TaskMemory {
  readonly #arena: Arena;
  readonly #threads: number;
  readonly #heads: number;
  #capacity = 0;
  #address: number | undefined;
  #scores: { readonly address: number; readonly bytes: number } | undefined;

  constructor(arena: Arena, threads: number, heads: number) {
    this.#arena = arena;
    this.#threads = threads;
    this.#heads = heads;
  }

  /** Writes a task; `ends` has the first row after each unit. Returns its address. */
  write(rows: readonly TaskRow[], ends: readonly number[], shape: KeyShape): number {
    const address = this.#reserve(rows.length);
    const scores = this.#reserveScores(shape.places);
    const ints = new Int32Array(this.#arena.memory.buffer);
    const floats = new Float32Array(this.#arena.memory.buffer);
    const header = address / WORD;
    const capacity = this.#capacity;
    ints[header + TASK.capacity] = capacity;
    ints[header + TASK.places] = shape.places;
    ints[header + TASK.layer] = shape.layer;
    ints[header + TASK.scores] = scores.address;
    ints[header + TASK.scoresStride] = scores.bytes;
    const table = header + TASK_HEADER;
    rows.forEach((row, index) => {
      const at = table + index;
      ints[at + ROW.token * capacity] = row.token;
      ints[at + ROW.position * capacity] = row.position;
      ints[at + ROW.slot * capacity] = row.slot;
      ints[at + ROW.output * capacity] = row.output;
      floats[at + ROW.inverseTemperature * capacity] = row.inverseTemperature;
    });
    ints.set(ends, table + ROW.unitEnd * capacity);
    return address;
  }

  #reserve(rows: number): number {
    if (this.#address !== undefined) {
      if (rows <= this.#capacity) return this.#address;
      this.#arena.free(this.#address);
    }
    this.#capacity = 2 * rows;
    this.#address = this.#arena.allocate((TASK_HEADER + ROW_COLUMNS * this.#capacity) * WORD);
    return this.#address;
  }

  /** Attention scores of one row's heads, for each thread. */
  #reserveScores(places: number): { readonly address: number; readonly bytes: number } {
    const bytes = this.#heads * places * WORD;
    if (this.#scores !== undefined) {
      if (bytes <= this.#scores.bytes) return this.#scores;
      this.#arena.free(this.#scores.address);
    }
    this.#scores = { address: this.#arena.allocate(this.#threads * bytes), bytes };
    return this.#scores;
  }
}
