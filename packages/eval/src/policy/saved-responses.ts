import { fieldOf, readRows, type PromptKeys } from "@moonlight-rl/dataset";
import { z } from "zod";
import type { Problem } from "../data/problem.ts";
import type { Answer, SampleRequest } from "./answer.ts";
import type { Policy } from "./policy.ts";
import { invalidResponses, ProblemBook } from "./problem-book.ts";
import { readablePrompt } from "./prompt.ts";

/** Responses may be long: a line of them has room for one of 64 MB. */
const LONGEST_LINE = 64 << 20;
/** Answers that are handed on at once. */
const GROUP = 64;

const count = z.int().nonnegative();
const rowSchema = z.object({
  problem: count.optional(),
  sample: count.optional(),
  tokens: count.nullish(),
  truncated: z.boolean().nullish(),
  finish_reason: z.string().nullish(),
  finishReason: z.string().nullish(),
});
const responseSchema = z.union([z.string(), z.array(z.string()).min(1)]);

export interface SavedOptions extends PromptKeys {
  readonly responseKey: string;
}

/** A file of responses that somebody else sampled: what it holds, found by reading it once. */
export interface SavedResponses {
  readonly problems: readonly Problem[];
  /** Every sample in the file, by problem and sample. */
  readonly requests: readonly SampleRequest[];
  readonly policy: Policy;
}

/**
 * Reads a .jsonl file of saved responses, such as samples.ndjson of an earlier evaluation. A row has a response, or a list of
 * them; its problem is the one with the number `problem`, else the one with the same prompt. Without `problems` the rows
 * bring them along, with prompt and label. Errors: `EVAL_RESPONSES_INVALID`, which names the line.
 */
export async function openSavedResponses(
  file: string,
  options: SavedOptions,
  known?: readonly Problem[],
): Promise<SavedResponses> {
  const book = new ProblemBook(file, options, known);
  const seen = new Map<string, string>();
  const requests: SampleRequest[] = [];
  for await (const { place, answers } of readAnswers(file, options, book)) {
    for (const { problem, sample } of answers) {
      const key = `${problem} ${sample}`;
      const first = seen.get(key);
      if (first !== undefined) {
        throw invalidResponses(
          file,
          place,
          `is sample ${sample} of problem ${problem} again, as ${first} is`,
        );
      }
      seen.set(key, place);
      requests.push({ problem, sample });
    }
  }
  const problems = book.problems;
  const answered = new Set(requests.map(({ problem }) => problem));
  const without = problems.find(({ index }) => !answered.has(index));
  if (without !== undefined || problems.length === 0) {
    throw invalidResponses(
      file,
      undefined,
      without === undefined ? "has no rows" : `has no response to problem ${without.index}`,
    );
  }
  requests.sort((a, b) => a.problem - b.problem || a.sample - b.sample);
  const policy: Policy = {
    promptText: readablePrompt,
    async answer(wanted, { onAnswers, signal }) {
      const keys = new Set(wanted.map(({ problem, sample }) => `${problem} ${sample}`));
      const again = new ProblemBook(file, options, known);
      let group: Answer[] = [];
      for await (const { answers } of readAnswers(file, options, again)) {
        signal.throwIfAborted();
        group.push(...answers.filter(({ problem, sample }) => keys.has(`${problem} ${sample}`)));
        if (group.length < GROUP) continue;
        await onAnswers(group);
        group = [];
      }
      if (group.length > 0) await onAnswers(group);
    },
  };
  return { problems, requests, policy };
}

async function* readAnswers(
  file: string,
  options: SavedOptions,
  book: ProblemBook,
): AsyncGenerator<{ readonly place: string; readonly answers: Answer[] }> {
  for await (const row of readRows(file, { longestLine: LONGEST_LINE })) {
    const meta = rowSchema.safeParse(row.value);
    if (!meta.success) {
      const issue = meta.error.issues[0];
      throw invalidResponses(file, row.place.name, `"${issue?.path.join(".")}": ${issue?.message}`);
    }
    const responses = responseSchema.safeParse(fieldOf(row, options.responseKey));
    if (!responses.success) {
      const what = `has no text (or list of texts) "${options.responseKey}"`;
      throw invalidResponses(file, row.place.name, what, "Name the field with --response-key.");
    }
    const { sample, tokens, truncated } = meta.data;
    const finishReason = meta.data.finishReason ?? meta.data.finish_reason;
    const texts = typeof responses.data === "string" ? [responses.data] : responses.data;
    const problem = book.find(row, meta.data.problem);
    const answers = texts.map((response, i) => ({
      problem,
      sample: sample === undefined ? book.nextSample(problem) : sample + i,
      response,
      tokens: texts.length === 1 ? (tokens ?? null) : null,
      truncated: truncated ?? finishReason === "length",
      finishReason: finishReason ?? (truncated === true ? "length" : "unknown"),
    }));
    yield { place: row.place.name, answers };
  }
}
