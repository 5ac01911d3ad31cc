import { toMetricValue } from "@moonlight-rl/core";
import type { EvalResult } from "./result.ts";

/** The reference's names for the figures of an evaluation. */
export function metricsOf(result: EvalResult): Record<string, ReturnType<typeof toMetricValue>> {
  const key = `eval/${result.name}`;
  return {
    [key]: toMetricValue(result.meanReward),
    [`${key}-truncated_ratio`]: toMetricValue(result.truncatedShare),
    [`${key}/closed_ratio`]: toMetricValue(result.closedShare),
    [`${key}/response_len/mean`]: toMetricValue(result.responseLength.mean),
    [`${key}/response_len/max`]: toMetricValue(result.responseLength.max),
    ...Object.fromEntries(
      Object.entries(result.passAtK).map(([k, value]) => [
        `${key}-pass@${k}`,
        toMetricValue(value),
      ]),
    ),
  };
}
