import { stat } from "node:fs/promises";
import { gradedSampleSchema, gradedSpan, type GradedSample } from "@moonlight-rl/eval";
import type { EvalSamplesAnswer } from "../api/evals.ts";
import { questionOf } from "./question.ts";
import { linesFrom, readSpans } from "../files/tail.ts";

interface Row {
  readonly offset: number;
  readonly length: number;
  readonly problem: number;
  readonly outcome: string;
}

/** Where each sample of an evaluation is in its samples.ndjson. Memory: about 60 bytes a sample. */
export class SampleIndex {
  readonly #file: string;
  #rows: readonly Row[] = [];
  #byProblem = new Map<number, Row[]>();
  #size = -1;
  #reading: Promise<void> = Promise.resolve();

  constructor(file: string) {
    this.#file = file;
  }

  async page(
    filter: { readonly problem?: number | undefined; readonly outcome?: string | undefined },
    offset: number,
    limit: number,
  ): Promise<EvalSamplesAnswer> {
    await this.#open();
    const { problem, outcome } = filter;
    const rows = this.#rows.filter(
      (row) =>
        (problem === undefined || row.problem === problem) &&
        (outcome === undefined || row.outcome === outcome),
    );
    const samples = await this.#read(rows.slice(offset, offset + limit));
    return { total: rows.length, offset, items: samples.map(item) };
  }

  /** First sample of each of these problems: it brings the prompt along. */
  async firstOf(problems: readonly number[]): Promise<Map<number, GradedSample>> {
    await this.#open();
    const rows = problems
      .map((problem) => this.#byProblem.get(problem)?.[0])
      .filter((row) => row !== undefined);
    const samples = await this.#read(rows);
    return new Map(samples.map((sample) => [sample.problem, sample]));
  }

  /** How often each outcome is there, by problem. */
  async outcomes(problem: number): Promise<Record<string, number>> {
    await this.#open();
    const counts: Record<string, number> = {};
    for (const { outcome } of this.#byProblem.get(problem) ?? [])
      counts[outcome] = (counts[outcome] ?? 0) + 1;
    return counts;
  }

  async #read(rows: readonly Row[]): Promise<GradedSample[]> {
    const texts = await readSpans(this.#file, rows);
    return texts.map((text) => gradedSampleSchema.parse(JSON.parse(text)));
  }

  async #open(): Promise<void> {
    this.#reading = this.#reading.catch(() => undefined).then(() => this.#scan());
    await this.#reading;
  }

  async #scan(): Promise<void> {
    const { size } = await stat(this.#file);
    if (size === this.#size) return;
    const rows: Row[] = [];
    const byProblem = new Map<number, Row[]>();
    for await (const { text, offset, end } of linesFrom(this.#file, 0)) {
      const { problem, outcome } = gradedSampleSchema.parse(JSON.parse(text));
      const row = { offset, length: end - offset, problem, outcome };
      rows.push(row);
      const group = byProblem.get(problem);
      if (group === undefined) byProblem.set(problem, [row]);
      else group.push(row);
    }
    this.#rows = rows;
    this.#byProblem = byProblem;
    this.#size = size;
  }
}

function item(sample: GradedSample): EvalSamplesAnswer["items"][number] {
  const { finishReason: _finishReason, reasoning, label, ...rest } = sample;
  const span = gradedSpan(sample.response, sample.extracted);
  return {
    ...rest,
    question: questionOf(sample.prompt),
    label: labelText(label),
    ...(reasoning === undefined ? {} : { reasoning }),
    ...(span === undefined ? {} : { span: { ...span } }),
  };
}

/** A label as people read it. */
export function labelText(label: unknown): string {
  return typeof label === "string" ? label : JSON.stringify(label);
}
