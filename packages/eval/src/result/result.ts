import { z } from "zod";
import { estimateMean, sum } from "../statistics/estimate.ts";
import { lengthStatistics } from "../statistics/lengths.ts";
import { passAtPowersOfTwo } from "../statistics/pass-at-k.ts";
import { nameSchema } from "../settings.ts";
import { figuresOf } from "./figures.ts";
import { hasAnswer, isRight, OUTCOMES, type GradedSample } from "./graded-sample.ts";
import type { SampleFacts } from "../sampling/sample-facts.ts";

const interval = z.object({
  low: z.number(),
  high: z.number(),
  level: z.number(),
  method: z.enum(["t", "exact-binomial", "none"]),
});
const share = z.number().min(0).max(1);
const outcomes = z.object({
  correct: share,
  wrong: share,
  no_answer: share,
  unparsable: share,
  truncated: share,
  timed_out: share.default(0),
});

/** 95 % of a bootstrap over problems (BCa). */
const bootstrap = z.object({ low: z.number(), high: z.number() }).nullable().default(null);

export const comparisonSchema = z.object({
  /** Mean over problems of this result's share of right samples minus the baseline's. */
  difference: z.number(),
  standardError: z.number().nullable(),
  interval,
  pValue: z.number(),
  resolution: z.number(),
  test: z.enum(["mcnemar-exact", "sign-flip-exact", "sign-flip-monte-carlo"]),
  /** Cohen's d of the problems' differences. */
  effectSize: z.number().nullable().default(null),
  bootstrap,
  resamples: z.int(),
  minimumDetectable: z.number().nullable(),
  problems: z.int(),
  better: z.int(),
  worse: z.int(),
  same: z.int(),
  /** Accuracy and identity of the baseline. */
  baseline: z.object({ accuracy: z.number(), digest: z.string() }),
});
export type Comparison = z.output<typeof comparisonSchema>;

const contaminationSchema = z.object({
  trainingPrompts: z.int().nonnegative(),
  exact: z.array(z.int().nonnegative()),
  overlapping: z.array(z.object({ problem: z.int().nonnegative(), share })),
});

/** results.json of an eval-result artifact. */
export const resultSchema = z.object({
  version: z.literal(1),
  name: z.string(),
  settings: z.looseObject({
    rmType: z.string(),
    nSamplesPerPrompt: z.int(),
    temperature: z.number(),
    topP: z.number(),
    maxResponseLen: z.int(),
    seed: z.int(),
  }),
  /** Identities of the model and the data: digests; of a server `served:NAME`, of saved responses `responses:SHA256`. */
  model: z.string(),
  data: z.string(),
  /** Names of the further sets of the same evaluation; each has a folder `sets/NAME`. */
  otherSets: z.array(nameSchema).optional(),
  problems: z.int().positive(),
  samples: z.int().positive(),
  /** Share of right samples (avg@n), clustered by problem. */
  accuracy: z.object({ mean: share, standardError: z.number().nullable(), interval }),
  /** What the reference logs as eval/<name>. */
  meanReward: z.number(),
  /** k = 1, 2, 4, … ≤ n. */
  passAtK: z.record(z.string(), share),
  /** avg@n, pass@k, maj@k and cons@k by name, each with its uncertainty over problems. */
  figures: z
    .record(
      z.string(),
      z.object({ mean: share, standardError: z.number().nullable(), interval, bootstrap }),
    )
    .default({}),
  /** Shares of all samples. */
  outcomes,
  /** Share of samples in which an answer was found, right or wrong. */
  closedShare: share,
  /** Share of samples that were cut off at the length limit. */
  truncatedShare: share,
  /** Share of samples that go round in circles at their end. */
  repetitiveShare: share.optional(),
  /** Tokens; characters where nobody counted tokens. */
  responseLength: z.object({
    unit: z.enum(["tokens", "characters"]).default("tokens"),
    mean: z.number(),
    median: z.number(),
    p95: z.number(),
    min: z.number(),
    max: z.number(),
  }),
  comparison: comparisonSchema.optional(),
  /** What of the problems stands in the training prompts. */
  contamination: contaminationSchema.optional(),
  perProblem: z.array(
    z.object({ digest: z.string(), label: z.json(), n: z.int().positive(), correct: z.int() }),
  ),
});
export type EvalResult = z.output<typeof resultSchema>;

export type ResultHead = Pick<EvalResult, "name" | "settings" | "model" | "data">;

/** Puts the figures together. `samples` are ordered by problem; every problem has at least one. */
export function makeResult(
  head: ResultHead,
  problems: readonly { readonly digest: string; readonly label: unknown }[],
  samples: readonly SampleFacts[],
): EvalResult {
  const groups = problems.map((): SampleFacts[] => []);
  for (const sample of samples) groups[sample.problem]?.push(sample);
  const right = groups.map((group) => group.map((sample) => (isRight(sample) ? 1 : 0)));
  const perProblem = problems.map(({ digest, label }, i) => ({
    digest,
    label: label as never,
    n: right[i]?.length ?? 0,
    correct: sum(right[i] ?? []),
  }));
  const shareOf = (test: (sample: SampleFacts) => boolean): number =>
    samples.filter(test).length / samples.length;
  const outcomeShare = (outcome: GradedSample["outcome"]): number =>
    shareOf((sample) => sample.outcome === outcome);
  return {
    version: 1,
    ...head,
    problems: problems.length,
    samples: samples.length,
    accuracy: estimateMean(right),
    meanReward: sum(samples.map(({ reward }) => reward)) / samples.length,
    passAtK: passAtPowersOfTwo(perProblem),
    figures: figuresOf(groups, head.settings.seed),
    outcomes: Object.fromEntries(
      OUTCOMES.map((outcome) => [outcome, outcomeShare(outcome)]),
    ) as EvalResult["outcomes"],
    closedShare: shareOf(hasAnswer),
    truncatedShare: shareOf(({ truncated }) => truncated),
    repetitiveShare: shareOf(({ repetitive }) => repetitive),
    responseLength: responseLength(samples),
    perProblem,
  };
}

function responseLength(samples: readonly SampleFacts[]): EvalResult["responseLength"] {
  const tokens = samples.map(({ tokens }) => tokens);
  if (tokens.every((count) => count !== null)) {
    return { unit: "tokens", ...lengthStatistics(tokens) };
  }
  return { unit: "characters", ...lengthStatistics(samples.map(({ characters }) => characters)) };
}
