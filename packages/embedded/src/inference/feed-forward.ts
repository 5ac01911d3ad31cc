import type { HfConfig } from "@moonlight-rl/model";
import type { Kernels } from "../kernels/kernels.ts";
import type { LayerPlan, MlpPlan, RoutedPlan } from "./plan.ts";
import { RowRouter } from "./route-row.ts";
import type { Scratch } from "./scratch.ts";
import type { Tables } from "./tables.ts";

const WORD = 4;

/** A layer's feed-forward part for rows that are normalised already; its result is added to the residual stream. */
export class FeedForward {
  readonly #kernels: Kernels;
  readonly #scratch: Scratch;
  readonly #tables: Tables;
  readonly #router: RowRouter;
  readonly #topK: number;
  readonly #experts: Int32Array;
  readonly #weights: Float64Array;
  /** Of each expert, where its next copy goes; at last where the next expert's copies begin. */
  readonly #ends: Int32Array;

  constructor(config: HfConfig, kernels: Kernels, scratch: Scratch, tables: Tables) {
    this.#kernels = kernels;
    this.#scratch = scratch;
    this.#tables = tables;
    this.#router = new RowRouter(config);
    this.#topK = config.num_experts_per_tok;
    const copies = scratch.tableLength;
    this.#experts = new Int32Array(copies);
    this.#weights = new Float64Array(copies);
    this.#ends = new Int32Array(config.n_routed_experts);
  }

  /** `target`: table of the rows of the residual stream. */
  run(
    floats: Float32Array,
    ints: Int32Array,
    { dense, routed }: LayerPlan,
    target: number,
    rows: number,
  ): void {
    const { normalised, inner } = this.#tables;
    if (dense !== undefined) {
      this.#activate(normalised, inner, rows, dense);
      this.#multiply("linearAdd", inner, target, rows, dense, 0);
    }
    if (routed === undefined) return;
    this.#dispatch(floats, ints, routed, target, rows);
    const { copyInputs, copyTargets, copyFactors } = this.#tables;
    let begin = 0;
    routed.experts.forEach((expert, number) => {
      const end = this.#ends[number] as number;
      const [skip, count] = [begin * WORD, end - begin];
      begin = end;
      if (count === 0) return;
      this.#activate(copyInputs + skip, inner, count, expert);
      this.#multiply(
        "linearAddScaled",
        inner,
        copyTargets + skip,
        count,
        expert,
        copyFactors + skip,
      );
    });
  }

  #activate(x: number, y: number, rows: number, { gateUp }: MlpPlan): void {
    this.#kernels.linearSwiglu(x, y, rows, gateUp.length, gateUp.address, gateUp.panels, 0);
  }

  #multiply(
    kind: "linearAdd" | "linearAddScaled",
    x: number,
    y: number,
    rows: number,
    { down }: MlpPlan,
    factors: number,
  ): void {
    this.#kernels[kind](x, y, rows, down.length, down.address, down.panels, factors);
  }

  /** Routes the rows and lists their copies expert by expert, in the order of rows within one. */
  #dispatch(
    floats: Float32Array,
    ints: Int32Array,
    { router, bias }: RoutedPlan,
    target: number,
    rows: number,
  ): void {
    const { logits, logitsStride } = this.#scratch;
    const tables = this.#tables;
    this.#kernels.linear(
      tables.normalised,
      tables.logits,
      rows,
      router.length,
      router.address,
      router.panels,
      0,
    );
    const topK = this.#topK;
    const ends = this.#ends.fill(0);
    for (let row = 0; row < rows; row++) {
      this.#router.route(floats, logits / WORD + row * logitsStride, bias / WORD);
      for (let k = 0; k < topK; k++) {
        const expert = this.#router.chosen[k] as number;
        this.#experts[row * topK + k] = expert;
        this.#weights[row * topK + k] = this.#router.weights[k] as number;
        ends[expert] = (ends[expert] as number) + 1;
      }
    }
    for (let expert = 0, begin = 0; expert < ends.length; expert++) {
      const count = ends[expert] as number;
      ends[expert] = begin;
      begin += count;
    }
    for (let copy = 0; copy < rows * topK; copy++) {
      const expert = this.#experts[copy] as number;
      const row = Math.floor(copy / topK);
      const place = (ends[expert] as number)++;
      ints[tables.copyInputs / WORD + place] = ints[tables.normalised / WORD + row] as number;
      ints[tables.copyTargets / WORD + place] = ints[target / WORD + row] as number;
      floats[tables.copyFactors / WORD + place] = this.#weights[copy] as number;
    }
  }
}
