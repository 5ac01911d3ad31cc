import { html, type Html } from "@moonlight-rl/core";
import type { LengthBin } from "./length-histogram.ts";

const WIDTH = 1000;
const HEIGHT = 180;
const FLOOR = 150;

/** Bars of right (below) and wrong (above) samples by length, as SVG. */
export function histogramChart(bins: readonly LengthBin[], unit: string): Html {
  const most = bins.reduce((most, { right, wrong }) => Math.max(most, right + wrong), 1);
  const width = WIDTH / Math.max(1, bins.length);
  const height = (count: number): number => (count / most) * (FLOOR - 10);
  const bars = bins.map(({ from, to, right, wrong, truncated }, i) => {
    const [low, high] = [height(right), height(wrong)];
    const x = (i * width + 1).toFixed(1);
    const wide = Math.max(1, width - 2).toFixed(1);
    return html`<g
      ><title>${from} to ${to - 1} ${unit}: ${right} right, ${wrong} wrong, ${truncated} cut off</title
      ><rect class="right" x="${x}" width="${wide}" y="${(FLOOR - low).toFixed(1)}" height="${low.toFixed(1)}" /><rect
        class="wrong"
        x="${x}"
        width="${wide}"
        y="${(FLOOR - low - high).toFixed(1)}"
        height="${high.toFixed(1)}"
    /></g>`;
  });
  const step = Math.max(1, Math.ceil(bins.length / 8));
  const ticks = bins.flatMap(({ from }, i) =>
    i % step === 0
      ? [html`<text class="tick" x="${(i * width).toFixed(1)}" y="${FLOOR + 16}">${from}</text>`]
      : [],
  );
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Lengths in ${unit}">
    ${bars}${ticks}
  </svg>`;
}
