import { access } from "node:fs/promises";
import { join } from "node:path";
import { readEvalResult, readEvalResults, setFolder, type EvalResult } from "@moonlight-rl/eval";
import type { z } from "zod";
import type {
  evalSamplesQuery,
  EvalSamplesAnswer,
  EvalsAnswer,
  EvalSet,
  ProblemsAnswer,
  problemsQuery,
} from "../api/evals.ts";
import { Recent } from "../files/recent.ts";
import { folderOf } from "../files/references.ts";
import { notFound } from "../http/not-found.ts";
import type { RunView } from "../run/run-view.ts";
import { questionOf } from "./question.ts";
import { labelText, SampleIndex } from "./sample-index.ts";

const SHORT = 300;
const KIND = "eval-result";

/** The evaluations of runs. Indexes of the eight sample files that were looked at last stay in memory. */
export class Evaluations {
  readonly #indexes = new Recent<SampleIndex>(8);

  async list(view: RunView): Promise<EvalsAnswer> {
    const evals = await Promise.all(
      (await view.outputs(KIND)).map(async (output) => {
        const results = await readEvalResults(view.folder(output)).catch(gone);
        const { stage, digest } = output;
        return results.map(() => ({ stage, digest, results })).slice(0, 1);
      }),
    );
    return {
      evals: evals.flat().map(({ stage, digest, results }) => ({
        stage,
        digest,
        model: results[0]?.model ?? "",
        sets: results.map(setOf),
      })),
    };
  }

  async problems(
    view: RunView,
    stage: string,
    set: string,
    { offset, limit, sort, order }: z.output<typeof problemsQuery>,
  ): Promise<ProblemsAnswer> {
    const { result, samples } = await this.#open(view, stage, set);
    const baseline = await baselineOf(view, result);
    const rows = result.perProblem.map(({ digest, label, n, correct }, problem) => ({
      problem,
      label: labelText(label),
      n,
      correct,
      ...(baseline?.get(digest) === undefined ? {} : { baseline: baseline.get(digest)! }),
    }));
    const share = (row: { n: number; correct: number }): number => row.correct / row.n;
    const key = (row: (typeof rows)[number]): number =>
      sort === "correct"
        ? share(row)
        : sort === "difference"
          ? share(row) - (row.baseline === undefined ? 0 : share(row.baseline))
          : row.problem;
    rows.sort((a, b) => (order === "asc" ? 1 : -1) * (key(a) - key(b)));
    const page = rows.slice(offset, offset + limit);
    const first = await samples.firstOf(page.map(({ problem }) => problem));
    const items = page.map(async (row) => ({
      ...row,
      question: questionOf(first.get(row.problem)?.prompt ?? "").slice(0, SHORT),
      outcomes: await samples.outcomes(row.problem),
    }));
    return { total: rows.length, offset, items: await Promise.all(items) };
  }

  async samples(
    view: RunView,
    stage: string,
    set: string,
    { offset, limit, ...filter }: z.output<typeof evalSamplesQuery>,
  ): Promise<EvalSamplesAnswer> {
    const { samples } = await this.#open(view, stage, set);
    return samples.page(filter, offset, limit);
  }

  async #open(
    view: RunView,
    stage: string,
    set: string,
  ): Promise<{ readonly result: EvalResult; readonly samples: SampleIndex }> {
    const outputs = await view.outputs(KIND);
    const output = outputs.find((one) => one.stage === stage);
    if (output === undefined) {
      const known = outputs.map((one) => one.stage).join(", ");
      throw notFound(
        `The run has no finished evaluation ${stage}.`,
        known === "" ? "None has finished yet." : `It has: ${known}.`,
      );
    }
    const folder = view.folder(output);
    const [first, ...others] = await readEvalResults(folder);
    const result = [first, ...others].find((one) => one?.name === set);
    if (result === undefined)
      throw notFound(`The evaluation ${stage} has no set ${set}.`, `It has: ${first?.name}.`);
    const file = join(setFolder(folder, set, result === first), "samples.ndjson");
    return { result, samples: this.#indexes.get(file, () => new SampleIndex(file)) };
  }
}

/** An artifact that was deleted since has no results; what is damaged is told. */
function gone(error: unknown): EvalResult[] {
  if ((error as { code?: string }).code === "FILE_UNREADABLE") return [];
  throw error;
}

type Score = { readonly n: number; readonly correct: number };

/** The baseline's problems by their digests; undefined when there is none or it is gone. */
async function baselineOf(
  view: RunView,
  { name, comparison }: EvalResult,
): Promise<Map<string, Score> | undefined> {
  if (comparison === undefined) return undefined;
  const { digest } = comparison.baseline;
  const folder = folderOf(view.workspace, { kind: KIND, digest, path: undefined });
  const there = await access(folder).then(
    () => true,
    () => false,
  );
  if (!there) return undefined;
  const result = await readEvalResult(folder, name).catch(() => readEvalResult(folder));
  return new Map(
    result.perProblem.map(({ digest: problem, n, correct }) => [problem, { n, correct }]),
  );
}

function setOf(result: EvalResult): EvalSet {
  const { accuracy, figures, comparison, responseLength, settings } = result;
  return {
    name: result.name,
    accuracy: accuracy.mean,
    interval: ends(accuracy.interval),
    figures: Object.fromEntries(
      Object.entries(figures).map(([name, { mean, interval }]) => [
        name,
        { mean, ...ends(interval) },
      ]),
    ),
    passAtK: result.passAtK,
    outcomes: result.outcomes,
    closedShare: result.closedShare,
    truncatedShare: result.truncatedShare,
    problems: result.problems,
    samples: result.samples,
    samplesPerProblem: settings.nSamplesPerPrompt,
    responseLength,
    settings: settings as EvalSet["settings"],
    ...(comparison && {
      comparison: {
        difference: comparison.difference,
        interval: ends(comparison.interval),
        pValue: comparison.pValue,
        test: comparison.test,
        minimumDetectable: comparison.minimumDetectable,
        better: comparison.better,
        worse: comparison.worse,
        same: comparison.same,
        baselineDigest: comparison.baseline.digest,
      },
    }),
  };
}

function ends({ low, high }: { low: number; high: number }): { low: number; high: number } {
  return { low, high };
}
