import {
  compareRuns,
  type Cause,
  type EnvironmentDifference,
  type StageComparison,
  type Workspace,
} from "@moonlight-rl/pipeline";
import { collectReport } from "../report/collect-report.ts";
import type { ReportData, ReportEvaluation } from "../report/report-data.ts";

/** Why two runs differ, in the words of this pipeline. */
export interface RunCause extends Omit<Cause, "kind"> {
  /** recipe: a field of the recipe · data: what was fetched · input · code · environment: equal work gave other results · missing: one run stopped before it. */
  readonly kind: "recipe" | "data" | "input" | "code" | "environment" | "missing";
  /** Of a recipe field: which layers set it, before and now. */
  readonly source?: string;
}

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
  const fields = recipeCauses(a, b);
  const causes = found.flatMap((cause, i): RunCause[] => {
    const configured = cause.stage === "rollout-config" && cause.kind === "input";
    if (!configured || fields.length === 0) return [named(cause)];
    // Files and --set say how; the recipe's fields say what. They stand where the first of its inputs stood.
    const first = found.findIndex(({ stage, kind }) => stage === cause.stage && kind === "input");
    return i === first ? fields : [];
  });
  return {
    before,
    now,
    firstCause: causes.find(({ kind }) => kind !== "missing") ?? causes[0],
    causes,
    stages,
    environment,
    metrics: metricsOf(a, b),
  };
}

function named(cause: Cause): RunCause {
  if (cause.kind === "outcome") return { ...cause, kind: "environment" };
  return cause.stage === "fetch" && cause.kind === "input"
    ? { ...cause, kind: "data" }
    : { ...cause, kind: cause.kind };
}

function recipeCauses(a: ReportData, b: ReportData): RunCause[] {
  const before = new Map(a.recipe.map((row) => [row.field, row]));
  const now = new Map(b.recipe.map((row) => [row.field, row]));
  if (before.size === 0 || now.size === 0) return [];
  return [...new Set([...before.keys(), ...now.keys()])].flatMap((what): RunCause[] => {
    const [was, is] = [before.get(what), now.get(what)];
    if (was?.value === is?.value) return [];
    const source = `${was?.source ?? "absent"} → ${is?.source ?? "absent"}`;
    return [
      { stage: "rollout-config", kind: "recipe", what, before: was?.value, now: is?.value, source },
    ];
  });
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
