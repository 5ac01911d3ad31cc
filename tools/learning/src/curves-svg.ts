import type { LearningCurve, Points } from "./learning-curve.ts";

const WIDTH = 720;
const HEIGHT = 340;
const LEFT = 48;
const RIGHT = 16;
const TOP = 28;
const BOTTOM = 40;
/** Rollouts that the thin lines are averaged over. */
const SMOOTHED = 5;

/**
 * The curves of several runs in one picture: accuracy on the evaluation problems as the mean of the runs with the range
 * between the lowest and the highest, the training reward of each run as a thin line. Colours suit light and dark pages.
 */
export function curvesSvg(curves: readonly LearningCurve[]): string {
  const last = Math.max(
    1,
    ...curves.flatMap(({ reward, accuracy }) => [...reward, ...accuracy].map(([at]) => at)),
  );
  const x = (rollout: number): number => LEFT + (rollout / last) * (WIDTH - LEFT - RIGHT);
  const y = (share: number): number => TOP + (1 - share) * (HEIGHT - TOP - BOTTOM);
  const path = (points: Points): string =>
    points.map(([at, value]) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
  const spread = spreadOf(curves.map(({ accuracy }) => accuracy));
  const band = [
    ...spread.map(({ at, high }) => [at, high] as const),
    ...spread.map(({ at, low }) => [at, low] as const).reverse(),
  ];
  const percent = [0, 0.2, 0.4, 0.6, 0.8, 1];
  const rollouts = [0, 0.25, 0.5, 0.75, 1].map((share) => Math.round(share * last));
  const text = (at: number, line: number, content: string, anchor = "middle"): string =>
    `<text x="${at.toFixed(1)}" y="${line.toFixed(1)}" text-anchor="${anchor}">${content}</text>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" fill="#808080">`,
    `<title>Accuracy and training reward over rollouts, ${curves.length} seeds</title>`,
    ...percent.map(
      (share) =>
        `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(share).toFixed(1)}" y2="${y(share).toFixed(1)}" stroke="#808080" stroke-opacity="0.25"/>${text(LEFT - 6, y(share) + 4, `${(share * 100).toFixed(0)} %`, "end")}`,
    ),
    ...rollouts.map((rollout) => text(x(rollout), HEIGHT - BOTTOM + 18, String(rollout))),
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, "rollouts"),
    text(LEFT, 16, "accuracy on the evaluation problems, mean and range over the seeds", "start"),
    text(WIDTH - RIGHT, 16, "thin: training reward of each seed", "end"),
    ...curves.map(
      ({ reward }) =>
        `<polyline points="${path(smoothed(reward))}" fill="none" stroke="#e08020" stroke-opacity="0.6"/>`,
    ),
    `<polygon points="${path(band)}" fill="#3080e0" fill-opacity="0.25"/>`,
    `<polyline points="${path(spread.map(({ at, mean }) => [at, mean]))}" fill="none" stroke="#3080e0" stroke-width="2.5"/>`,
    "</svg>",
    "",
  ].join("\n");
}

interface Spread {
  readonly at: number;
  readonly low: number;
  readonly mean: number;
  readonly high: number;
}

/** Where every run has a value. */
export function spreadOf(series: readonly Points[]): Spread[] {
  return (series[0] ?? []).flatMap(([at]) => {
    const values = series.flatMap((points) => {
      const value = points.find(([other]) => other === at)?.[1];
      return value === undefined ? [] : [value];
    });
    if (values.length < series.length) return [];
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    return [{ at, low: Math.min(...values), mean, high: Math.max(...values) }];
  });
}

/** Each value averaged with those before it. */
function smoothed(points: Points): Points {
  return points.map(([at], index) => {
    const window = points.slice(Math.max(0, index + 1 - SMOOTHED), index + 1);
    return [at, window.reduce((sum, [, value]) => sum + value, 0) / window.length];
  });
}
