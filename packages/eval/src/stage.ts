import { basename, join } from "node:path";
import { artifact, defineStage, unkeyed, type Artifact } from "@moonlight-rl/pipeline";
import { z } from "zod";
import { checkLabels } from "./data/check-labels.ts";
import { findDataFile } from "./data/data-file.ts";
import { readProblems, type Problem } from "./data/problem.ts";
import { assertComparable, compareResults } from "./result/compare.ts";
import { metricsOf } from "./result/metrics.ts";
import { readEvalResult } from "./result/read-result.ts";
import { makeResult, type EvalResult } from "./result/result.ts";
import { writeResult } from "./result/write-result.ts";
import { Progress } from "./progress.ts";
import { openPolicy } from "./sampling/policy.ts";
import { sampleProblems } from "./sampling/sample-problems.ts";
import { readRecipe, resolveSettings, settingsShape, type Settings } from "./settings.ts";
import { warnAbout } from "./warnings.ts";

const input = z.strictObject({
  model: artifact("hf-model").describe("Model folder with its tokenizer."),
  data: artifact("hf-dataset").describe("Folder with the problems as rows of JSON."),
  ...settingsShape,
  recipe: artifact("recipe")
    .optional()
    .describe("Recipe to take what is not given from; given values win."),
  baseline: artifact("eval-result")
    .optional()
    .describe("Result of another policy on the same problems, to compare with."),
  threads: unkeyed(
    z.int().min(1).optional().describe("Threads of the engine; results do not depend on it."),
  ),
});

const output = z.object({
  result: artifact("eval-result"),
  summary: z.object({
    accuracy: z.number(),
    /** 95 % interval of the accuracy. */
    interval: z.object({ low: z.number(), high: z.number() }),
    meanReward: z.number(),
    passAtK: z.record(z.string(), z.number()),
    closedShare: z.number(),
    truncatedShare: z.number(),
    n: z.int(),
    problems: z.int(),
    comparison: z
      .object({
        difference: z.number(),
        interval: z.object({ low: z.number(), high: z.number() }),
        pValue: z.number(),
        minimumDetectable: z.number().nullable(),
      })
      .optional(),
  }),
});

/** Samples a policy on a set of problems, grades the responses and says how sure the figures are. */
export const evaluate = defineStage({
  name: "eval",
  title: "Evaluate a policy: avg@n, pass@k, intervals, paired comparison",
  from: import.meta.url,
  input,
  output,
  examples: [
    "--model ./tiny-moonlight --data ./tiny-aime --n-samples-per-prompt 4 --max-response-len 64",
    "--model ./trained --data ./tiny-aime --recipe ./recipe --baseline ./eval-of-base",
  ],

  /** The recipe's choices and the defaults become part of the input, so that the recipe's other fields do not change the key. */
  async resolve(input) {
    const { model, data, baseline, threads } = input;
    return { model, data, baseline, threads, ...(await settingsOf(input)) };
  },

  async plan(input) {
    const settings = await settingsOf(input);
    const { problems, file } = await problemsOf(input.data, settings);
    const { nSamplesPerPrompt: n, maxResponseLen } = settings;
    return [
      {
        title: `sample ${problems.length} problems × ${n}, at most ${maxResponseLen} tokens each`,
        detail: `${basename(file)}, temperature ${settings.temperature}, grader ${settings.rmType}`,
      },
    ];
  },

  async run(input, context) {
    const settings = await settingsOf(input);
    const { problems, file } = await problemsOf(input.data, settings);
    const name = settings.name ?? basename(file).replace(/\.jsonl$/, "");
    // Before the work, not after it: a baseline that does not fit is known by now.
    const baseline = input.baseline && (await readEvalResult(input.baseline.path));
    if (baseline !== undefined) assertComparable({ settings, perProblem: problems }, baseline);
    const { emit, scratch, signal } = context;
    checkLabels(problems, settings.rmType, emit);

    const progress = new Progress(name, problems.length * settings.nSamplesPerPrompt, emit);
    const samples = await sampleProblems({
      problems,
      settings,
      journal: join(scratch, "samples.journal.ndjson"),
      openPolicy: () =>
        openPolicy(input.model.path, input.threads === undefined ? {} : { threads: input.threads }),
      signal,
      onBatch: (batch, resumed) => progress.batch(batch, resumed),
      onResponses: (finished) => progress.within(finished),
    });

    const { name: _, dataFile: __, ...chosen } = settings;
    const bare = makeResult(
      {
        name,
        settings: { ...chosen, dataFile: basename(file) },
        model: input.model.digest,
        data: input.data.digest,
      },
      problems,
      samples,
    );
    const result: EvalResult =
      baseline === undefined || input.baseline === undefined
        ? bare
        : { ...bare, comparison: compareResults(bare, baseline, input.baseline.digest) };
    emit({ type: "metric", step: 0, values: metricsOf(result) });
    warnAbout(result, emit);

    const folder = join(scratch, "result");
    await writeResult(folder, result, samples);
    const published = await context.publish("eval-result", folder, { meta: { name } });
    return { result: published, summary: summaryOf(result) };
  },
});

type Input = z.output<typeof input>;

async function settingsOf(input: Input): Promise<Settings> {
  return resolveSettings(input, input.recipe && (await readRecipe(input.recipe.path)));
}

async function problemsOf(
  data: Artifact<"hf-dataset">,
  settings: Settings,
): Promise<{ problems: Problem[]; file: string }> {
  const named = data.meta["dataFile"];
  const file = await findDataFile(
    data.path,
    settings.dataFile ?? (typeof named === "string" ? named : undefined),
  );
  return { problems: await readProblems(file, settings), file };
}

function summaryOf(result: EvalResult): z.input<typeof output>["summary"] {
  const { accuracy, comparison } = result;
  const ends = ({ low, high }: { low: number; high: number }) => ({ low, high });
  return {
    accuracy: accuracy.mean,
    interval: ends(accuracy.interval),
    meanReward: result.meanReward,
    passAtK: result.passAtK,
    closedShare: result.closedShare,
    truncatedShare: result.truncatedShare,
    n: result.settings.nSamplesPerPrompt,
    problems: result.problems,
    ...(comparison && {
      comparison: {
        difference: comparison.difference,
        interval: ends(comparison.interval),
        pValue: comparison.pValue,
        minimumDetectable: comparison.minimumDetectable,
      },
    }),
  };
}
