import type { VNode } from "preact";
import { formatPercent } from "../data/words.ts";

interface IntervalPlotProps {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  readonly axis: { readonly low: number; readonly high: number };
  /** In the colour of the second of two. */
  readonly second?: boolean;
}

/** A share and its interval as a dot on a line. */
export function IntervalPlot({ mean, low, high, axis, second }: IntervalPlotProps): VNode {
  const at = (value: number): string =>
    `${Math.max(0, Math.min(100, ((value - axis.low) / (axis.high - axis.low || 1)) * 100))}%`;
  const label = `${formatPercent(mean)}, between ${formatPercent(low)} and ${formatPercent(high)}`;
  return (
    <span
      class={`interval${second === true ? " second" : ""}`}
      role="img"
      aria-label={label}
      title={label}
    >
      <i class="whisker" style={{ left: at(low), right: `calc(100% - ${at(high)})` }} />
      <i class="dot" style={{ left: at(mean) }} />
    </span>
  );
}
