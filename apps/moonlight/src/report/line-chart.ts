import { smooth, ticks } from "./axis.ts";
import { html, type Html } from "@moonlight-rl/core";

export interface Point {
  readonly step: number;
  readonly value: number;
  /** Optional 95 % interval of the value. */
  readonly interval?: readonly [low: number, high: number];
}

export interface LineChartOptions {
  readonly title: string;
  /** One sentence under the title: what the quantity is. */
  readonly caption: string;
  readonly points: readonly Point[];
  readonly format: (value: number) => string;
  /** Draws the raw points faintly below a smoothed line. */
  readonly smoothing?: number;
  /** Values that the vertical axis must include. */
  readonly include?: readonly number[];
}

const WIDTH = 460;
const HEIGHT = 220;
const BOX = { left: 52, right: 448, top: 12, bottom: 190 } as const;

/** One quantity over rollouts as a static SVG figure; the page's script adds the hover read-out from `data-points`. */
export function lineChart(options: LineChartOptions): Html {
  const points = options.points.filter(({ value }) => Number.isFinite(value));
  if (points.length === 0)
    return html`<figure>
      <figcaption><b>${options.title}</b> was not recorded.</figcaption>
    </figure>`;
  const values = points.flatMap(({ value, interval }) => [value, ...(interval ?? [])]);
  const yTicks = ticks(
    Math.min(...values, ...(options.include ?? [])),
    Math.max(...values, ...(options.include ?? [])),
  );
  const steps = points.map(({ step }) => step);
  const xTicks = ticks(Math.min(...steps), Math.max(...steps), 5).filter(
    (tick) => Number.isInteger(tick) && tick <= Math.max(...steps),
  );
  const x = scale(Math.min(...steps), Math.max(...steps), BOX.left, BOX.right);
  const y = scale(yTicks[0] ?? 0, yTicks.at(-1) ?? 1, BOX.bottom, BOX.top);
  const smoothed = smooth(
    points.map(({ value }) => value),
    options.smoothing ?? 0,
  );
  const last = points.at(-1);
  const readout = points.map(({ step, value }, i) => [
    round(x(step)),
    round(y(smoothed[i] ?? value)),
    step,
    options.format(value),
  ]);
  return html`<figure class="chart" data-points="${JSON.stringify(readout)}">
    <figcaption>
      <b>${options.title}</b
      ><span class="now"
        >${last === undefined ? "" : options.format(smoothed.at(-1) ?? last.value)}</span
      ><br /><small>${options.caption}</small>
    </figcaption>
    <svg
      viewBox="0 0 ${WIDTH} ${HEIGHT}"
      role="img"
      aria-label="${options.title}: from ${options.format(points[0]?.value ?? 0)} to ${options.format(last?.value ?? 0)}"
    >
      ${yTicks.map((tick) => html`<line class="grid" x1="${BOX.left}" x2="${BOX.right}" y1="${round(y(tick))}" y2="${round(y(tick))}" /><text class="tick" x="${BOX.left - 6}" y="${round(y(tick) + 4)}" text-anchor="end">${options.format(tick)}</text>`)}
      ${xTicks.map((tick) => html`<text class="tick" x="${round(x(tick))}" y="${BOX.bottom + 18}" text-anchor="middle">${tick}</text>`)}
      ${points.map(({ step, interval }) => (interval === undefined ? undefined : html`<line class="interval" x1="${round(x(step))}" x2="${round(x(step))}" y1="${round(y(interval[0]))}" y2="${round(y(interval[1]))}" />`))}
      ${options.smoothing === undefined ? points.map(({ step, value }) => html`<circle class="dot" r="3" cx="${round(x(step))}" cy="${round(y(value))}" />`) : html`<path class="raw" d="${path(points.map(({ step, value }) => [x(step), y(value)]))}" />`}
      <path class="line" d="${path(points.map(({ step }, i) => [x(step), y(smoothed[i] ?? 0)]))}" />
      <g class="hover" hidden>
        <line class="cursor" y1="${BOX.top}" y2="${BOX.bottom}" />
        <circle r="4" />
      </g>
    </svg>
  </figure>`;
}

function scale(low: number, high: number, from: number, to: number): (value: number) => number {
  return (value) =>
    high === low ? (from + to) / 2 : from + ((value - low) / (high - low)) * (to - from);
}

function path(points: readonly (readonly [x: number, y: number])[]): string {
  return points.map(([x, y], i) => `${i === 0 ? "M" : "L"}${round(x)} ${round(y)}`).join("");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
