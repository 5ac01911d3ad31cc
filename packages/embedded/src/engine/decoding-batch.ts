import type { KeyCache } from "../inference/key-cache.ts";
import type { InferenceModel, PromptPosition } from "./inference-model.ts";

/** Places for new tokens that the cache starts with; it doubles when they are used up. */
const CACHE_GROWTH = 16;
/** Prompts that are read at once, and tokens (prompts · longest) unless one prompt alone has more. */
const READ_PROMPTS = 64;
const READ_TOKENS = 4096;

/** A sequence that is decoded in a batch. */
export interface Sequence {
  /** Token ids, at least one. */
  readonly prompt: readonly number[];
  /** 0: the distribution is that of temperature 1. */
  readonly temperature: number;
  /**
   * Takes the distribution of the next token, [vocab], a view that is valid during the call. Returns the token to go on
   * with, or undefined when the sequence is complete and leaves the batch.
   */
  next(probabilities: Float32Array): number | undefined;
}

interface Slot {
  readonly sequence: Sequence;
  readonly temperature: number;
  last: number;
  cached: number;
}

/** What is kept of a prompt that was read at one temperature. */
interface ReadPrompt {
  readonly keys: Float32Array;
  readonly probabilities: Float32Array;
}

/**
 * Sequences that are decoded together, one token of each per step. They join and leave between steps; each has its own
 * settings and its own length. A sequence's tokens do not depend on the others, apart from float32 rounding of probabilities.
 */
export class DecodingBatch {
  readonly #model: InferenceModel;
  readonly #capacity: number;
  readonly #slots: Slot[] = [];
  readonly #cache: KeyCache;
  /** What the last `join` read: the next one may go on with the same prompts. */
  #read = new Map<string, ReadPrompt>();

  constructor(model: InferenceModel, capacity: number) {
    this.#model = model;
    this.#capacity = capacity;
    this.#cache = model.cache(capacity);
  }

  get size(): number {
    return this.#slots.length;
  }

  /** How many sequences can join. */
  get free(): number {
    return this.#capacity - this.#slots.length;
  }

  /** Reads the sequences' prompts, equal ones once, and takes their first tokens. No more may join than are free. */
  async join(sequences: readonly Sequence[]): Promise<void> {
    const keyOf = ({ prompt, temperature }: Sequence): string =>
      `${temperature || 1}:${prompt.join()}`;
    const wanted = new Map(sequences.map((sequence) => [keyOf(sequence), sequence]));
    this.#read = await this.#readPrompts(wanted);
    this.#makeRoom(sequences.reduce((most, { prompt }) => Math.max(most, prompt.length), 0) + 1);
    for (const sequence of sequences) {
      const { keys, probabilities } = this.#read.get(keyOf(sequence)) as ReadPrompt;
      const token = sequence.next(probabilities);
      if (token === undefined) continue;
      const cached = sequence.prompt.length;
      this.#cache.write(this.#slots.length, cached, keys);
      this.#slots.push({ sequence, temperature: sequence.temperature, last: token, cached });
    }
  }

  /** Decodes one token of every sequence. */
  async step(): Promise<void> {
    const slots = this.#slots;
    if (slots.length === 0) return;
    this.#makeRoom(slots.reduce((most, { cached }) => Math.max(most, cached), 0) + 1);
    await this.#model.prepare();
    const probabilities = this.#model.decode(slots, this.#cache);
    // From the last slot down, so that the one moved into a hole has been handled already.
    for (let index = slots.length - 1; index >= 0; index--) {
      const slot = slots[index] as Slot;
      const token = slot.sequence.next(probabilities[index] as Float32Array);
      if (token === undefined) {
        this.#remove(index);
        continue;
      }
      slot.last = token;
      slot.cached++;
    }
  }

  /** Ends the batch: its memory is given back. */
  close(): void {
    this.#slots.length = 0;
    this.#cache.free();
  }

  /** Takes a sequence out; nothing happens if it is not in. */
  leave(sequence: Sequence): void {
    const index = this.#slots.findIndex((slot) => slot.sequence === sequence);
    if (index !== -1) this.#remove(index);
  }

  #remove(index: number): void {
    const last = this.#slots.pop() as Slot;
    if (index === this.#slots.length) return;
    this.#slots[index] = last;
    this.#cache.move(this.#slots.length, index);
  }

  /** The cache follows the longest sequence, up and down: a long one that has left must not slow the others. */
  #makeRoom(needed: number): void {
    const longest = this.#slots.reduce((most, { cached }) => Math.max(most, cached + 1), needed);
    const { places } = this.#cache;
    if (longest <= places && places <= 4 * longest + 4 * CACHE_GROWTH) return;
    const growing = places > 0 && longest > places;
    this.#cache.resize(
      Math.max(longest + CACHE_GROWTH, growing ? 2 * places : 0),
      this.#slots.length,
      (slot) => (this.#slots[slot] as Slot).cached,
    );
  }

  async #readPrompts(wanted: ReadonlyMap<string, Sequence>): Promise<Map<string, ReadPrompt>> {
    const read = new Map<string, ReadPrompt>();
    const missing = [...wanted].filter(([key]) => {
      const known = this.#read.get(key);
      if (known !== undefined) read.set(key, known);
      return known === undefined;
    });
    for (const group of groups(missing)) {
      const positions = group.map(([, { prompt, temperature }], number): PromptPosition => {
        return { prompt: number, token: prompt.length - 1, temperature };
      });
      const reading = await this.#model.read(
        group.map(([, { prompt }]) => prompt),
        positions,
      );
      group.forEach(([key], number) => {
        read.set(key, {
          keys: reading.keys[number] as Float32Array,
          probabilities: reading.probabilities[number] as Float32Array,
        });
      });
    }
    return read;
  }
}

/** Prompts of similar length together, since all are padded to the longest. */
function groups(prompts: readonly [string, Sequence][]): [string, Sequence][][] {
  const sorted = prompts.toSorted(([, a], [, b]) => a.prompt.length - b.prompt.length);
  const result: [string, Sequence][][] = [];
  let group: [string, Sequence][] = [];
  for (const entry of sorted) {
    const tokens = (group.length + 1) * entry[1].prompt.length;
    if (group.length === READ_PROMPTS || (group.length > 0 && tokens > READ_TOKENS)) {
      result.push(group);
      group = [];
    }
    group.push(entry);
  }
  if (group.length > 0) result.push(group);
  return result;
}
