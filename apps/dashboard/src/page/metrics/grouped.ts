import type { MetricsAnswer } from "../../api/metrics.ts";

export type Metric = MetricsAnswer["metrics"][number];

export interface MetricGroup {
  readonly title: string;
  readonly curves: readonly Metric[];
  /** Of one point: a figure, no curve. */
  readonly singles: readonly Metric[];
}

/** What says first whether a training goes well, in this order. */
export const KEY_METRICS = [
  "rollout/raw_reward",
  "eval/",
  "train/loss",
  "train/pg_loss",
  "train/grad_norm",
  "train/entropy_loss",
  "train/kl_loss",
  "rollout/response_len/mean",
  "rollout/truncated_ratio",
  "perf/step_time",
] as const;

const ORDER = ["rollout", "train", "eval", "perf"];

/** Metrics by the first part of their names, known parts first. */
export function grouped(metrics: readonly Metric[], search: string): MetricGroup[] {
  const needle = search.toLowerCase();
  const byTitle = new Map<string, Metric[]>();
  for (const metric of metrics) {
    if (!metric.name.toLowerCase().includes(needle)) continue;
    const title = metric.name.includes("/") ? (metric.name.split("/", 1)[0] ?? "") : "other";
    const group = byTitle.get(title);
    if (group === undefined) byTitle.set(title, [metric]);
    else group.push(metric);
  }
  const rank = (title: string): number => {
    const found = ORDER.indexOf(title);
    return found === -1 ? ORDER.length : found;
  };
  return [...byTitle]
    .sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1))
    .map(([title, all]) => [title, all.toSorted((a, b) => keyRank(a) - keyRank(b))] as const)
    .map(([title, all]) => ({
      title,
      curves: all.filter(({ points }) => points > 1),
      singles: all.filter(({ points }) => points <= 1),
    }));
}

/** Key metrics come first; the others stay in the order of their names. */
function keyRank({ name }: Metric): number {
  const found = KEY_METRICS.findIndex((key) => key === name);
  return found === -1 ? KEY_METRICS.length : found;
}

/** The few curves for an overview. */
export function keyCurves(metrics: readonly Metric[], most: number): string[] {
  const curves = metrics.filter(({ points }) => points > 1);
  const found = KEY_METRICS.flatMap((key) => {
    const one = curves.find(({ name }) =>
      key.endsWith("/") ? name.startsWith(key) && name.split("/").length === 2 : name === key,
    );
    return one === undefined ? [] : [one.name];
  });
  return found.slice(0, most);
}
