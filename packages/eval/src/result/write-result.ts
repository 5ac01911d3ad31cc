import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { syncFile, writeJsonAtomic } from "@moonlight-rl/core";
import type { EvaluationSet } from "../evaluation-set.ts";
import type { Policy } from "../policy/policy.ts";
import type { SampleJournal } from "../sampling/journal.ts";
import type { GradedSample } from "./graded-sample.ts";
import type { EvalResult } from "./result.ts";

export interface FinishedSet {
  readonly set: EvaluationSet;
  readonly policy: Policy;
  readonly result: EvalResult;
  readonly journal: SampleJournal;
}

/**
 * Writes results.json and samples.ndjson of a set. Contents are a function of the input alone (no times, no host); one sample
 * is in memory at a time.
 */
export async function writeResult(folder: string, finished: FinishedSet): Promise<void> {
  await mkdir(folder, { recursive: true });
  const samples = join(folder, "samples.ndjson");
  await pipeline(pieces(rows(finished)), createWriteStream(samples));
  await syncFile(samples);
  await writeJsonAtomic(join(folder, "results.json"), finished.result);
}

/** Text of this length is written at once. */
const PIECE = 1 << 16;

function* pieces(rows: Iterable<string>): Generator<string> {
  let piece = "";
  for (const row of rows) {
    piece += row;
    if (piece.length < PIECE) continue;
    yield piece;
    piece = "";
  }
  yield piece;
}

function* rows({ set, policy, journal }: FinishedSet): Generator<string> {
  // Samples of a problem follow each other, and to render a prompt can take longer than all else.
  let shown = -1;
  let prompt = "";
  for (const request of set.requests) {
    const { response, reasoning, tokens, truncated, finishReason } = journal.readAnswer(request);
    const { reward, outcome, extracted } = journal.readGrade(request);
    const problem = set.problems[request.problem];
    if (request.problem !== shown) {
      shown = request.problem;
      prompt = problem === undefined ? "" : policy.promptText(problem);
    }
    const row: GradedSample = {
      ...request,
      prompt,
      response,
      ...(reasoning !== undefined && { reasoning }),
      tokens,
      truncated,
      finishReason,
      label: (problem?.label ?? null) as GradedSample["label"],
      reward,
      outcome,
      extracted,
    };
    yield `${JSON.stringify(row)}\n`;
  }
}
