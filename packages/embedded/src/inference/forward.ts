import type { HfConfig } from "@moonlight-rl/model";
import { instantiateKernels, type Kernels } from "../kernels/kernels.ts";
import { PANEL } from "../kernels/linear.ts";
import { LATENT_EPSILON } from "../model/latent-epsilon.ts";
import { FeedForward } from "./feed-forward.ts";
import type { LayerPlan, Matrix, ModelPlan } from "./plan.ts";
import { RotaryTable } from "./rotary-table.ts";
import { ROWS, type Scratch } from "./scratch.ts";
import { Tables } from "./tables.ts";
import { ROW, TASK, TASK_HEADER } from "./task.ts";

const WORD = 4;
const PANEL_BYTES = PANEL * WORD;

/** What a thread needs to take rows through the model. */
export interface ForwardOptions {
  readonly config: HfConfig;
  readonly memory: WebAssembly.Memory;
  readonly plan: ModelPlan;
  readonly scratch: Scratch;
  /** The thread's number. */
  readonly thread: number;
}

/** Takes tokens through all layers, {@link ROWS} at a time; what belongs to a token does not depend on the others, to the last bit. */
export class Forward {
  readonly #options: ForwardOptions;
  readonly #kernels: Kernels;
  readonly #rotary: RotaryTable;
  readonly #tables: Tables;
  readonly #feedForward: FeedForward;
  #floats: Float32Array = new Float32Array(0);
  #ints: Int32Array = new Int32Array(0);

  constructor(options: ForwardOptions) {
    const { config, memory, plan, scratch } = options;
    this.#options = options;
    this.#kernels = instantiateKernels(memory);
    this.#rotary = new RotaryTable(config);
    this.#tables = new Tables(config, memory, plan.dims, scratch);
    this.#feedForward = new FeedForward(config, this.#kernels, scratch, this.#tables);
  }

  /** Runs a unit of the task at `task`: rows that must be computed in order, since they may belong to one sequence. */
  run(task: number, unit: number): void {
    const { memory } = this.#options;
    if (this.#floats.buffer !== memory.buffer) {
      this.#floats = new Float32Array(memory.buffer);
      this.#ints = new Int32Array(memory.buffer);
    }
    const header = task / WORD;
    const capacity = this.#ints[header + TASK.capacity] as number;
    const ends = header + TASK_HEADER + ROW.unitEnd * capacity;
    const end = this.#ints[ends + unit] as number;
    for (let row = unit === 0 ? 0 : (this.#ints[ends + unit - 1] as number); row < end; row += ROWS)
      this.#rows(header, capacity, row, Math.min(ROWS, end - row));
  }

  #rows(header: number, capacity: number, first: number, count: number): void {
    const { config, plan, scratch } = this.#options;
    const [floats, ints, kernels, tables] = [
      this.#floats,
      this.#ints,
      this.#kernels,
      this.#tables,
    ] as const;
    const column = (number: number): number => header + TASK_HEADER + number * capacity + first;
    const { hidden } = plan.dims;
    const hiddenBytes = hidden * WORD;
    const tokens = column(ROW.token);
    for (let row = 0; row < count; row++) {
      const from = plan.embedding / WORD + (ints[tokens + row] as number) * hidden;
      floats.copyWithin(scratch.x / WORD + row * hidden, from, from + hidden);
    }
    const normalise = (table: number, rows: number): void =>
      kernels.norm(
        table,
        tables.normalised,
        rows,
        hiddenBytes,
        config.hidden_size,
        config.rms_norm_eps,
      );
    // After the last layer's attention only rows whose next token is wanted go on.
    const outputs = column(ROW.output);
    const outcomes = tables.select(ints, outputs, count);
    const wanted = tables.selected;
    plan.layers.forEach((layer, number) => {
      normalise(tables.x, count);
      this.#attend(header, column, layer, number, count);
      const last = number === plan.layers.length - 1;
      const [table, rows] = last ? [wanted, outcomes] : [tables.x, count];
      if (rows === 0) return;
      normalise(table, rows);
      this.#feedForward.run(floats, ints, layer, table, rows);
    });
    if (outcomes === 0) return;
    normalise(wanted, outcomes);
    this.#linear(tables.normalised, tables.outputs, outcomes, plan.head);
    const factors = column(ROW.inverseTemperature);
    for (let row = 0; row < count; row++) {
      const output = (ints[outputs + row] as number) >>> 0;
      if (output !== 0)
        kernels.softmax(output, 1, 0, config.vocab_size, floats[factors + row] as number);
    }
  }

  /** Adds a layer's attention to the rows; the keys of all are cached first, as a row may see others of the unit. */
  #attend(
    header: number,
    column: (number: number) => number,
    layer: LayerPlan,
    number: number,
    count: number,
  ): void {
    const { config, plan, scratch, thread } = this.#options;
    const [ints, kernels, tables] = [this.#ints, this.#kernels, this.#tables] as const;
    const { key, latent, projected } = plan.dims;
    const { num_attention_heads: heads } = config;
    this.#linear(tables.normalised, tables.projected, count, layer.input);
    if (layer.query !== undefined) {
      kernels.norm(
        tables.projected,
        tables.queryLatent,
        count,
        plan.dims.queryLatent * WORD,
        config.q_lora_rank as number,
        LATENT_EPSILON,
      );
      this.#linear(tables.queryLatent, tables.queries, count, layer.query);
    }
    const [places, stride] = [
      ints[header + TASK.places] as number,
      ints[header + TASK.layer] as number,
    ];
    const [positions, slots] = [column(ROW.position), column(ROW.slot)];
    const keyBegin = layer.query === undefined ? heads * key : plan.dims.queryLatent;
    for (let row = 0; row < count; row++) {
      const position = ints[positions + row] as number;
      const slot = ((ints[slots + row] as number) >>> 0) + number * stride;
      const query = scratch.queries / WORD + row * scratch.queryStride;
      for (let head = 0; head < heads; head++)
        this.#rotary.turn(this.#floats, query + head * key + latent, position);
      const own = scratch.projected / WORD + row * projected + keyBegin;
      this.#cacheKey(layer, own, position, slot);
    }
    const scores =
      ((ints[header + TASK.scores] as number) >>> 0) +
      thread * (ints[header + TASK.scoresStride] as number);
    tables.placeScores(ints, scores, places);
    for (let row = 0; row < count; row++) {
      const seen = (ints[positions + row] as number) + 1;
      const slot = ((ints[slots + row] as number) >>> 0) + number * stride;
      const panels = Math.ceil(seen / PANEL);
      kernels.linear(tables.heads + row * heads * WORD, tables.scores, heads, key, slot, panels, 0);
      kernels.softmax(scores, heads, places * WORD, seen, 1);
      kernels.mix(
        scores,
        places * WORD,
        heads,
        slot,
        PANEL_BYTES * key,
        panels,
        scratch.context + row * heads * latent * WORD,
        latent * WORD,
        latent,
      );
    }
    const { output } = layer;
    kernels.linearAdd(
      tables.context,
      tables.x,
      count,
      output.length,
      output.address,
      output.panels,
      0,
    );
  }

  /** Normalises and turns the key at `own`, and writes it as a column of the slot's matrix. */
  #cacheKey(layer: LayerPlan, own: number, position: number, matrix: number): void {
    const { config, plan } = this.#options;
    const { key, latent } = plan.dims;
    const floats = this.#floats;
    const size = config.kv_lora_rank;
    let squares = 0;
    for (let i = 0; i < size; i++) squares += (floats[own + i] as number) ** 2;
    const inverse = 1 / Math.sqrt(squares / size + LATENT_EPSILON);
    this.#rotary.turn(floats, own + latent, position);
    const gain = layer.latentGain / WORD;
    const column = position % PANEL;
    const panel = matrix / WORD + (position - column) * key;
    // Columns to come are multiplied by weights of 0, and what the memory held before may be no number.
    if (column === 0) floats.fill(0, panel, panel + PANEL * key);
    let at = panel + column;
    // What fills the latent up is zero, as is its gain.
    for (let i = 0; i < latent; i++, at += PANEL)
      floats[at] = (floats[own + i] as number) * inverse * (floats[gain + i] as number);
    for (let i = latent; i < key; i++, at += PANEL) floats[at] = floats[own + i] as number;
  }

  #linear(x: number, y: number, rows: number, matrix: Matrix): void {
    this.#kernels.linear(x, y, rows, matrix.length, matrix.address, matrix.panels, 0);
  }
}
