import type { ReportComparison } from "./compare-reports.ts";
import { causeText } from "./comparison-text.ts";

/** How a repetition came out, beside the run that it repeats. */
export function likeText({ before, firstCause, stages, environment }: ReportComparison): string {
  const equal = stages.filter(({ state }) => state === "same").length;
  const verdict =
    firstCause === undefined
      ? `all ${stages.length} stages made the same artifacts`
      : `${equal} of ${stages.length} stages made the same artifacts; first difference: ${causeText(firstCause)}`;
  const note =
    environment.length === 0
      ? ""
      : `; ${environment.length} facts of the environment differ (see the warnings)`;
  return `\nlike ${before}: ${verdict}${note}`;
}
