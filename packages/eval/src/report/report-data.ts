import { join } from "node:path";
import { throwIfAborted } from "@moonlight-rl/core";
import type { EvalResult } from "../result/result.ts";
import { hasAnswer, isRight, type GradedSample } from "../result/graded-sample.ts";
import { readEvalResult, setFolder } from "../result/read-result.ts";
import { readSamples } from "../result/read-samples.ts";
import { gradedSpan, type Span } from "./graded-span.ts";
import type { LengthSample } from "./length-histogram.ts";

/** A sample as a page shows it. */
export interface ShownSample {
  readonly sample: number;
  readonly outcome: GradedSample["outcome"];
  readonly reward: number;
  readonly tokens: number | null;
  readonly truncated: boolean;
  readonly extracted: string | null;
  /** Of what is shown. */
  readonly response: string;
  readonly span: Span | undefined;
}

/** A problem and what became of its samples. */
export interface ProblemRow {
  readonly problem: number;
  readonly prompt: string;
  readonly label: string;
  readonly n: number;
  readonly correct: number;
  readonly noAnswer: number;
  readonly truncated: number;
  /** null where nobody counted. */
  readonly meanTokens: number | null;
  readonly samples: ShownSample[];
}

/** One result, as a report shows it. */
export interface ReportSide {
  readonly result: EvalResult;
  readonly problems: readonly ProblemRow[];
  readonly lengths: readonly LengthSample[];
  /** Responses that are not in the report since it would become too large. */
  readonly leftOut: number;
}

/** Longer responses lose their middle. */
const MAX_SHOWN = 20_000;
/** Characters of responses in one report. */
const BUDGET = 24_000_000;

/** Reads a result and its samples one after the other; what does not fit into a page is left out and counted. */
export async function readSide(
  folder: string,
  set: string | undefined,
  signal: AbortSignal,
): Promise<ReportSide> {
  const first = await readEvalResult(folder);
  const result = await readEvalResult(folder, set);
  const place = setFolder(folder, result.name, result.name === first.name);
  const problems: ProblemRow[] = [];
  const lengths: LengthSample[] = [];
  let room = BUDGET;
  let leftOut = 0;
  let group: GradedSample[] = [];
  const finish = (): void => {
    if (group.length > 0) problems.push(problemRow(group));
    group = [];
  };
  for await (const sample of readSamples(join(place, "samples.ndjson"))) {
    throwIfAborted(signal);
    const { outcome, truncated } = sample;
    const length = result.responseLength.unit === "tokens" ? sample.tokens : sample.response.length;
    lengths.push({ outcome, truncated, length: length ?? 0 });
    if (group[0] !== undefined && group[0].problem !== sample.problem) finish();
    const size = Math.min(sample.response.length, MAX_SHOWN);
    const fits = size <= room;
    if (fits) room -= size;
    else leftOut++;
    group.push(fits ? sample : { ...sample, response: "" });
  }
  finish();
  return { result, problems, lengths, leftOut };
}

function problemRow(samples: readonly GradedSample[]): ProblemRow {
  const [first] = samples as readonly [GradedSample];
  const counted = samples.flatMap(({ tokens }) => (tokens === null ? [] : [tokens]));
  return {
    problem: first.problem,
    prompt: first.prompt,
    label: typeof first.label === "string" ? first.label : JSON.stringify(first.label),
    n: samples.length,
    correct: samples.filter(isRight).length,
    noAnswer: samples.filter((sample) => !hasAnswer(sample)).length,
    truncated: samples.filter(({ truncated }) => truncated).length,
    meanTokens:
      counted.length === 0 ? null : counted.reduce((sum, one) => sum + one, 0) / counted.length,
    samples: samples.map(shownSample),
  };
}

function shownSample(given: GradedSample): ShownSample {
  const { sample, outcome, reward, tokens, truncated, extracted } = given;
  const response = shorten(given.response);
  const span = gradedSpan(response, extracted);
  return { sample, outcome, reward, tokens, truncated, extracted, response, span };
}

/** Beginning and end, where the answer mostly stands. */
function shorten(text: string): string {
  if (text.length <= MAX_SHOWN) return text;
  const half = MAX_SHOWN / 2;
  const left = text.length - MAX_SHOWN;
  return `${text.slice(0, half)}\n… ${left} characters left out …\n${text.slice(-half)}`;
}
