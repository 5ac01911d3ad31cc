import { toMetricValue } from "@moonlight-rl/core";
import type { Group, Rollout, RolloutSample } from "./rollout.ts";
import { hasRepetition, passRates, zeroStdMetrics } from "./sample-metrics.ts";

/** Metric values under the reference's names (miles ray/rollout/metrics.py). */
export type Metrics = Record<string, number>;

export function rolloutMetrics(
  { groups, dropped, prompts }: Rollout,
  { logPassrate }: { readonly logPassrate: boolean },
): Metrics {
  const samples = groups.flatMap((group) => group.samples);
  return {
    "rollout/raw_reward": mean(samples.map(({ grade }) => grade.reward)),
    ...lengthMetrics("rollout/response_len", samples),
    "rollout/truncated_ratio": share(samples, ({ finishReason }) => finishReason === "length"),
    "rollout/repetition_frac": share(samples, hasRepetition),
    ...prefixed("rollout/", zeroStdMetrics(groups)),
    ...(logPassrate ? prefixed("passrate/", passRates(rewardsOf(groups))) : {}),
    "rollout/answer_found_ratio": share(samples, answered),
    "rollout/prompts_consumed": prompts,
    ...Object.fromEntries(
      [...dropped].map(([reason, count]) => [`rollout/dynamic_filter/drop_${reason}`, count]),
    ),
  };
}

/** Metrics of one evaluation set. */
export function evaluationMetrics(
  name: string,
  groups: readonly Group[],
  { logPassrate }: { readonly logPassrate: boolean },
): Metrics {
  const samples = groups.flatMap((group) => group.samples);
  const truncated = share(samples, ({ finishReason }) => finishReason === "length");
  return {
    [`eval/${name}`]: mean(samples.map(({ grade }) => grade.reward)),
    [`eval/${name}-truncated_ratio`]: truncated,
    [`eval/${name}/truncated_ratio`]: truncated,
    [`eval/${name}/repetition_frac`]: share(samples, hasRepetition),
    ...(logPassrate ? prefixed(`eval/${name}-`, passRates(rewardsOf(groups))) : {}),
    [`eval/${name}/answer_found_ratio`]: share(samples, answered),
    ...lengthMetrics(`eval/${name}/response_len`, samples),
  };
}

/** Every metric's mean over several records that all have it. */
export function meanOf(records: readonly Metrics[]): Metrics {
  const names = Object.keys(records[0] ?? {});
  return Object.fromEntries(
    names.map((name) => [name, mean(records.map((record) => record[name] ?? NaN))]),
  );
}

export function prefixed(prefix: string, metrics: Metrics): Metrics {
  return Object.fromEntries(Object.entries(metrics).map(([name, value]) => [prefix + name, value]));
}

/** In the form that events carry. */
export function eventValues(metrics: Metrics): Record<string, ReturnType<typeof toMetricValue>> {
  return Object.fromEntries(
    Object.entries(metrics).map(([name, value]) => [name, toMetricValue(value)]),
  );
}

export function mean(values: Iterable<number>): number {
  let sum = 0;
  let count = 0;
  for (const value of values) {
    sum += value;
    count++;
  }
  return sum / count;
}

function rewardsOf(groups: readonly Group[]): number[][] {
  return groups.map(({ samples }) => samples.map(({ grade }) => grade.reward));
}

function lengthMetrics(prefix: string, samples: readonly RolloutSample[]): Metrics {
  const lengths = samples.map(({ tokens }) => tokens.length).sort((a, b) => a - b);
  const middle = lengths.length / 2;
  return {
    [`${prefix}/mean`]: mean(lengths),
    [`${prefix}/median`]:
      ((lengths[Math.ceil(middle) - 1] ?? 0) + (lengths[Math.floor(middle)] ?? 0)) / 2,
    [`${prefix}/max`]: lengths.at(-1) ?? 0,
    [`${prefix}/min`]: lengths[0] ?? 0,
  };
}

function answered({ grade }: RolloutSample): boolean {
  return grade.outcome !== "no_answer" && grade.outcome !== "truncated";
}

function share(
  samples: readonly RolloutSample[],
  test: (sample: RolloutSample) => boolean,
): number {
  return mean(samples.map((sample) => (test(sample) ? 1 : 0)));
}
