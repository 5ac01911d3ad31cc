import { UsageError } from "@moonlight-rl/core";
import { labelOf, metadataOf, promptOf, type PromptKeys, type Row } from "@moonlight-rl/dataset";
import { makeProblem, METADATA_KEY, type Problem } from "../data/problem.ts";

/** Which problem a row is about. */
export class ProblemBook {
  readonly #file: string;
  readonly #keys: PromptKeys;
  readonly #known: boolean;
  readonly #problems: Problem[];
  /** Of problems that are known: by prompt. Of others: by their number in the file, else by prompt and label. */
  readonly #indices = new Map<string, number>();
  readonly #samples = new Map<number, number>();

  constructor(file: string, keys: PromptKeys, known: readonly Problem[] | undefined) {
    this.#file = file;
    this.#keys = keys;
    this.#known = known !== undefined;
    this.#problems = [...(known ?? [])];
    for (const { prompt, index } of this.#problems) {
      if (!this.#indices.has(promptKey(prompt))) this.#indices.set(promptKey(prompt), index);
    }
  }

  get problems(): readonly Problem[] {
    return this.#problems;
  }

  find(row: Row, number: number | undefined): number {
    return this.#known ? this.#findKnown(row, number) : this.#findOrAdd(row, number);
  }

  /** Samples without a number are numbered as they come. */
  nextSample(problem: number): number {
    const sample = this.#samples.get(problem) ?? 0;
    this.#samples.set(problem, sample + 1);
    return sample;
  }

  #findKnown(row: Row, number: number | undefined): number {
    const prompt = (): Problem["prompt"] => promptOf(row, this.#keys.inputKey);
    const found = number ?? this.#indices.get(promptKey(prompt()));
    if (found !== undefined && found < this.#problems.length) return found;
    throw invalidResponses(
      this.#file,
      row.place.name,
      number === undefined ? "has a prompt that no problem has" : `is of problem ${number}`,
      `There are ${this.#problems.length} problems, numbered from 0. Is it the same data?`,
    );
  }

  #findOrAdd(row: Row, number: number | undefined): number {
    const prompt = promptOf(row, this.#keys.inputKey);
    const label = labelOf(row, this.#keys.labelKey);
    const { metadataKey = METADATA_KEY } = this.#keys;
    const next = this.#problems.length;
    const problem = makeProblem(next, next, prompt, label, metadataOf(row, metadataKey));
    const key = number === undefined ? problem.digest : `${number}`;
    const found = this.#indices.get(key);
    if (found === undefined) {
      this.#problems.push(problem);
      this.#indices.set(key, problem.index);
      return problem.index;
    }
    if (this.#problems[found]?.digest === problem.digest) return found;
    throw invalidResponses(
      this.#file,
      row.place.name,
      `has another prompt or label for problem ${number}`,
    );
  }
}

function promptKey(prompt: Problem["prompt"]): string {
  return typeof prompt === "string" ? prompt : JSON.stringify(prompt);
}

export function invalidResponses(
  file: string,
  place: string | undefined,
  what: string,
  hint?: string,
): UsageError {
  const where = place === undefined ? file : `${file}: ${place}`;
  return new UsageError("EVAL_RESPONSES_INVALID", `${where} ${what}.`, {
    field: "responses",
    file,
    ...(hint !== undefined && { hint }),
  });
}
