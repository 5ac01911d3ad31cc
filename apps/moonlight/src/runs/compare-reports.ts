import { firstCause, runCauses, type RunCause } from "@moonlight-rl/dashboard/causes";
import {
  compareRuns,
  type EnvironmentDifference,
  type StageComparison,
  type Workspace,
} from "@moonlight-rl/pipeline";
import { collectReport } from "../report/collect-report.ts";
import type { ReportData, ReportEvaluation } from "../report/report-data.ts";

/** A figure of both runs. */
export interface MetricDifference {
  readonly name: string;
  readonly before: number | undefined;
  readonly now: number | undefined;
}

export interface ReportComparison {
  readonly before: string;
  readonly now: string;
  /** What set the runs apart; undefined when they did equal work with equal results. */
  readonly firstCause: RunCause | undefined;
  /** All causes, in the order of the stages. */
  readonly causes: readonly RunCause[];
  readonly stages: readonly StageComparison[];
  readonly environment: readonly EnvironmentDifference[];
  readonly metrics: readonly MetricDifference[];
}

/** Compares two runs: causes in the order of the stages, then what came of them. */
export async function compareReports(
  workspace: Workspace,
  before: string,
  now: string,
): Promise<ReportComparison> {
  const { causes: found, stages, environment } = await compareRuns(workspace, before, now);
  const a = await collectReport(workspace, before);
  const b = await collectReport(workspace, now);
  const causes = runCauses(found, a.recipe, b.recipe);
  return {
    before,
    now,
    firstCause: firstCause(causes),
    causes,
    stages,
    environment,
    metrics: metricsOf(a, b),
  };
}

function metricsOf(a: ReportData, b: ReportData): MetricDifference[] {
  const accuracy = (one: ReportEvaluation | undefined): number | undefined => one?.accuracy;
  const name = b.evaluationName;
  const figures: MetricDifference[] = [
    {
      name: `${name} accuracy of the base policy`,
      before: accuracy(a.base),
      now: accuracy(b.base),
    },
    {
      name: `${name} accuracy of the trained policy`,
      before: accuracy(a.trained),
      now: accuracy(b.trained),
    },
    { name: "gain", before: a.comparison?.difference, now: b.comparison?.difference },
  ];
  for (const curve of new Set([...a.curves.keys(), ...b.curves.keys()])) {
    if (!/^rollout\/|^train\//.test(curve)) continue;
    const last = (data: ReportData): number | undefined => data.curves.get(curve)?.at(-1)?.value;
    figures.push({ name: `${curve} (last)`, before: last(a), now: last(b) });
  }
  figures.push({ name: "seconds", before: a.seconds, now: b.seconds });
  return figures.filter(({ before, now }) => before !== undefined || now !== undefined);
}
