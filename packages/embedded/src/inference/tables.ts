import type { HfConfig } from "@moonlight-rl/model";
import type { Dims } from "./plan.ts";
import { ROWS, type Scratch } from "./scratch.ts";

const WORD = 4;

/** A thread's tables of row addresses, which the kernels read: addresses of the tables. */
export class Tables {
  readonly x: number;
  readonly normalised: number;
  readonly projected: number;
  readonly queryLatent: number;
  readonly queries: number;
  readonly context: number;
  readonly logits: number;
  readonly inner: number;
  /** Each row's heads: parts of its queries. */
  readonly heads: number;
  /** The scores of a row's heads. */
  readonly scores: number;
  /** Rows of x whose next token is wanted, and where its probabilities go. */
  readonly selected: number;
  readonly outputs: number;
  /** Of the copies of rows that are sorted by expert: what goes in, what it is added to, and by which factor. */
  readonly copyInputs: number;
  readonly copyTargets: number;
  readonly copyFactors: number;
  readonly #heads: number;

  constructor(config: HfConfig, memory: WebAssembly.Memory, dims: Dims, scratch: Scratch) {
    const ints = new Int32Array(memory.buffer);
    const heads = config.num_attention_heads;
    let used = 0;
    const table = (): number => scratch.tables + used++ * scratch.tableLength * WORD;
    const rows = (begin: number, columns: number, count = ROWS): number => {
      const address = table();
      for (let row = 0; row < count; row++)
        ints[address / WORD + row] = begin + row * columns * WORD;
      return address;
    };
    const parts = (begin: number, columns: number, width: number): number => {
      const address = table();
      for (let row = 0; row < ROWS; row++)
        for (let head = 0; head < heads; head++)
          ints[address / WORD + row * heads + head] = begin + (row * columns + head * width) * WORD;
      return address;
    };
    this.x = rows(scratch.x, dims.hidden);
    this.normalised = rows(scratch.normalised, dims.hidden);
    this.projected = rows(scratch.projected, dims.projected);
    this.queryLatent = rows(scratch.queryLatent, dims.queryLatent);
    this.queries = rows(scratch.queries, scratch.queryStride);
    this.context = rows(scratch.context, heads * dims.latent);
    this.logits = rows(scratch.logits, scratch.logitsStride);
    this.inner = rows(scratch.inner, dims.inner, ROWS * Math.max(1, config.num_experts_per_tok));
    this.heads = parts(scratch.queries, scratch.queryStride, dims.key);
    this.scores = table();
    this.selected = table();
    this.outputs = table();
    this.copyInputs = table();
    this.copyTargets = table();
    this.copyFactors = table();
    this.#heads = heads;
  }

  /** Says where the scores of a row's heads go, `places` numbers each. */
  placeScores(ints: Int32Array, begin: number, places: number): void {
    for (let head = 0; head < this.#heads; head++)
      ints[this.scores / WORD + head] = begin + head * places * WORD;
  }

  /** Lists the rows that have an output, of those whose outputs begin at `outputs`; returns how many. */
  select(ints: Int32Array, outputs: number, count: number): number {
    let selected = 0;
    for (let row = 0; row < count; row++) {
      const output = ints[outputs + row] as number;
      if (output === 0) continue;
      ints[this.selected / WORD + selected] = ints[this.x / WORD + row] as number;
      ints[this.outputs / WORD + selected++] = output;
    }
    return selected;
  }
}
