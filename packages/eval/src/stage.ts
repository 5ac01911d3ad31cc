import { join } from "node:path";
import { artifact, defineStage } from "@moonlight-rl/pipeline";
import { isRemote } from "@moonlight-rl/reward";
import { z } from "zod";
import { compareCommand } from "./commands/compare.ts";
import { reportCommand } from "./commands/report.ts";
import { checkTrainingData } from "./contamination/check-training-data.ts";
import type { Overlap } from "./contamination/training-overlap.ts";
import { checkLabels } from "./data/check-labels.ts";
import { evaluateSet, openSetGrading } from "./evaluate-set.ts";
import { namedSets, readSet, type EvaluationSet } from "./evaluation-set.ts";
import { checkGate, gateVerdict } from "./gate/gate.ts";
import { evalInput, type EvalInput } from "./input.ts";
import { openSource } from "./policy/open-source.ts";
import { choosePolicy, responsesDigest, type PolicyChoice } from "./policy/policy-choice.ts";
import { assertComparable, compareResults } from "./result/compare.ts";
import { metricsOf } from "./result/metrics.ts";
import { readBaseline, setFolder } from "./result/read-result.ts";
import type { EvalResult } from "./result/result.ts";
import { renderSets } from "./result/render-sets.ts";
import { summarise, summarySchema } from "./result/summary.ts";
import { writeResult, type FinishedSet } from "./result/write-result.ts";
import { readRecipe, settingsShape } from "./settings.ts";
import { warnAbout } from "./warnings.ts";

const output = z.object({ result: artifact("eval-result"), summary: summarySchema });

/** Has a policy answer sets of problems, grades the responses and says how sure the figures are. */
export const evaluate = defineStage({
  name: "eval",
  title: "Evaluate a policy: avg@n, pass@k, intervals, paired comparison",
  from: import.meta.url,
  input: evalInput,
  output,
  examples: [
    "--model ./tiny-moonlight --data ./tiny-aime --n-samples-per-prompt 4 --max-response-len 64",
    "--model ./trained --data ./tiny-aime --recipe ./recipe --baseline ./eval-of-base",
    "--endpoint http://127.0.0.1:30000 --served-model moonlight --data ./aime-2024 --data-file 'aime.jsonl@[0:15]'",
    "--model ./trained --data ./aime-2024 --baseline ./eval-of-base --require 'aime.avg@8>=0.35' --require-gain",
    "--responses ./samples.ndjson --rm-type dapo",
  ],

  /** The recipe's choices and the defaults become part of the input, so that the recipe's other fields do not change the key. */
  async resolve(input) {
    const choice = choosePolicy(input);
    const sets = await namedSets(input, choice);
    checkGate(
      input,
      sets.map(({ name, settings }) => ({
        name,
        n: choice.kind === "responses" ? undefined : settings.nSamplesPerPrompt,
      })),
    );
    const datasets = sets.map(({ name, settings, data }) => ({
      ...settings,
      name,
      ...(data !== undefined && { data }),
    }));
    const kept = Object.fromEntries(
      Object.entries(input).filter(([field]) => !RESOLVED.has(field)),
    ) as EvalInput;
    const trainInputKey = input.trainInputKey ?? (await trainInputKeyOf(input));
    const resolved = { ...kept, datasets, ...(trainInputKey !== undefined && { trainInputKey }) };
    if (choice.kind !== "responses") return resolved;
    const digest = await responsesDigest(choice.file, input.responsesSha256);
    return { ...resolved, responsesSha256: digest };
  },

  commands: [reportCommand, compareCommand],

  present: ({ result, summary }) => `${renderSets(summary)}\nresult: ${result.path}`,

  /** The gate is no part of the key: another one is tried on the same result. */
  verdict: ({ result, summary }, input) => gateVerdict(summary, input, result.path),

  /** What others compute may be another thing tomorrow: their servers, their code. */
  cacheable: ({ endpoint, customRmPath, rmType, datasets = [] }) =>
    endpoint === undefined &&
    [{ customRmPath, rmType }, ...datasets].every(
      (set) => set.customRmPath === undefined && !isRemote(set.rmType ?? ""),
    ),

  async plan(input) {
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
  },

  async run(input, context) {
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
  },
});

/** What the resolved sets say, each for itself. */
const RESOLVED: ReadonlySet<string> = new Set(["data", "recipe", ...Object.keys(settingsShape)]);

/** Training prompts are where the recipe says. */
async function trainInputKeyOf({ trainData, recipe }: EvalInput): Promise<string | undefined> {
  if (trainData === undefined || recipe === undefined) return undefined;
  return (await readRecipe(recipe.path)).data.inputKey;
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
  if (choice.kind === "embedded") return choice.model.digest;
  return choice.kind === "endpoint"
    ? `served:${choice.options.model ?? "default"}`
    : `responses:${input.responsesSha256}`;
}
