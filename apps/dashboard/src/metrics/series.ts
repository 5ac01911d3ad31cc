import type { z } from "zod";
import type { MetricsAnswer, SeriesAnswer, seriesQuery } from "../api/metrics.ts";
import type { RunView } from "../run/run-view.ts";
import { smoothed } from "./smooth.ts";
import { lttb, minMax, within } from "./thin.ts";

/** What curves a run has. */
export async function metricNames(view: RunView): Promise<MetricsAnswer> {
  const named = (await view.curves()).named();
  return {
    metrics: [...named].map(([name, { steps, values }]) => ({
      name,
      points: steps.length,
      first: steps[0] ?? 0,
      last: steps.at(-1) ?? 0,
      value: finite(values.at(-1)),
    })),
  };
}

/** Curves of several runs, thinned to a number of points each. */
export async function series(
  views: readonly RunView[],
  { names, points, method, smooth, ...range }: z.output<typeof seriesQuery>,
): Promise<SeriesAnswer> {
  const thin = method === "lttb" ? lttb : minMax;
  const found: SeriesAnswer["series"] = [];
  for (const view of views) {
    const named = (await view.curves()).named();
    for (const name of names) {
      const whole = named.get(name);
      if (whole === undefined) continue;
      const part = within(smooth === 0 ? whole : smoothed(whole, smooth), range);
      const { steps, values } = thin(part, points);
      found.push({
        run: view.id,
        name,
        steps: [...steps],
        values: values.map(finite),
        total: part.steps.length,
      });
    }
  }
  return { series: found };
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}
