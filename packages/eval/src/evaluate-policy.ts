import type { PlanAction, StageContext } from "@moonlight-rl/pipeline";
import { join } from "node:path";
import { checkTrainingData } from "./contamination/check-training-data.ts";
import type { Overlap } from "./contamination/training-overlap.ts";
import { checkLabels } from "./data/check-labels.ts";
import { evaluateSet, openSetGrading } from "./evaluate-set.ts";
import { readSet, type EvaluationSet } from "./evaluation-set.ts";
import { namedSets } from "./named-sets.ts";
import { openSource } from "./policy/open-source.ts";
import { choosePolicy, type PolicyChoice } from "./policy/policy-choice.ts";
import { assertComparable, compareResults } from "./result/compare.ts";
import { metricsOf } from "./result/metrics.ts";
import { readBaseline, setFolder } from "./result/read-result.ts";
import type { EvalResult } from "./result/result.ts";
import { writeResult, type FinishedSet } from "./result/write-result.ts";
import { warnAbout } from "./warnings.ts";
import type { EvalInput } from "./input.ts";
import type { EvalOutput } from "./output.ts";
import { summarise } from "./result/summary.ts";

/** What `evaluatePolicy` would do. */
export async function planEvaluation(input: EvalInput): Promise<PlanAction[]> {
  const choice = choosePolicy(input);
  const actions = [];
  for (const named of await namedSets(input, choice)) {
    const { problems, requests, dataFile, settings } = await readSet(named, input, choice);
    const { nSamplesPerPrompt: n, maxResponseLen, temperature, rmType } = settings;
    actions.push(
      choice.kind === "responses"
        ? {
            title: `grade ${requests.length} saved responses to ${problems.length} problems`,
            detail: `${dataFile}, grader ${rmType}`,
          }
        : {
            title: `sample ${problems.length} problems × ${n}, at most ${maxResponseLen} tokens each`,
            detail: `${dataFile}, temperature ${temperature}, grader ${rmType}`,
          },
    );
  }
  return actions;
}

/** Samples, grades and publishes. */
export async function evaluatePolicy(input: EvalInput, context: StageContext): Promise<EvalOutput> {
  const { emit, scratch } = context;
  const choice = choosePolicy(input);
  const sets = [];
  for (const named of await namedSets(input, choice)) {
    sets.push(await readSet(named, input, choice));
  }
  // Before the work, not after it: a baseline that does not fit and labels that cannot be graded are known by now.
  const baselines = input.baseline && (await readBaseline(input.baseline.path, sets));
  for (const set of sets) {
    const baseline = baselines?.get(set.name);
    if (baseline !== undefined) {
      assertComparable({ settings: set.settings, perProblem: set.problems }, baseline);
    }
    checkLabels(set.problems, set.settings, emit);
    // A grader that does not exist is known before the work as well.
    await openSetGrading(set.settings).close();
  }

  const overlaps = await overlapsOf(input, sets, context.signal);
  const source = await openSource(choice, input, context);
  const finished: FinishedSet[] = [];
  try {
    for (const [i, set] of sets.entries()) {
      const done = await evaluateSet({ set, source, model: identityOf(choice, input), context });
      const baseline = baselines?.get(set.name);
      const result: EvalResult = {
        ...done.result,
        ...(overlaps?.[i] !== undefined && { contamination: overlaps[i] }),
        ...(baseline !== undefined &&
          input.baseline !== undefined && {
            comparison: compareResults(done.result, baseline, input.baseline.digest),
          }),
      };
      finished.push({ ...done, result });
      emit({ type: "metric", step: 0, values: metricsOf(result) });
      warnAbout(result, emit);
    }
    const folder = join(scratch, "result");
    const otherSets = finished.slice(1).map(({ set }) => set.name);
    for (const [i, one] of finished.entries()) {
      const result = i === 0 && otherSets.length > 0 ? { ...one.result, otherSets } : one.result;
      await writeResult(setFolder(folder, one.set.name, i === 0), { ...one, result });
    }
    const name = finished[0]?.set.name ?? "";
    const meta = otherSets.length > 0 ? { name, otherSets } : { name };
    const published = await context.publish("eval-result", folder, { meta });
    return { result: published, summary: summarise(finished.map(({ result }) => result)) };
  } finally {
    for (const { journal } of finished) journal.close();
    await source?.close();
  }
}

async function overlapsOf(
  { trainData, trainDataFile, trainInputKey }: EvalInput,
  sets: readonly EvaluationSet[],
  signal: AbortSignal,
): Promise<Overlap[] | undefined> {
  if (trainData === undefined) return undefined;
  const inputKey = trainInputKey ?? "prompt";
  const problems = sets.map((set) => set.problems);
  return checkTrainingData({ data: trainData, file: trainDataFile, inputKey }, problems, signal);
}

function identityOf(choice: PolicyChoice, input: EvalInput): string {
  if (choice.kind === "embedded" || choice.kind === "served") return choice.model.digest;
  return choice.kind === "endpoint"
    ? `served:${choice.options.model ?? "default"}`
    : `responses:${input.responsesSha256}`;
}
