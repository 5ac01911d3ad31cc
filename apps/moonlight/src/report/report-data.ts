import type { Point } from "./line-chart.ts";

/** One graded answer as the report shows it. */
export interface ReportSample {
  readonly step: number;
  readonly prompt: string;
  readonly response: string;
  readonly label: string;
  readonly reward: number;
  readonly outcome: string;
}

export interface ReportEvaluation {
  readonly accuracy: number;
  readonly interval: readonly [low: number, high: number];
  readonly problems: number;
  readonly samplesPerProblem: number;
  readonly closedShare: number;
  readonly truncatedShare: number;
  readonly passAtK: Readonly<Record<string, number>>;
  /** First sample of each problem, by problem. */
  readonly samples: readonly ReportSample[];
}

export interface ReportComparison {
  readonly difference: number;
  readonly interval: readonly [low: number, high: number];
  readonly pValue: number;
}

export interface ReportStage {
  readonly name: string;
  readonly state: "ran" | "reused" | "failed" | "running";
  readonly seconds: number | undefined;
  readonly artifacts: readonly ReportArtifact[];
  /** Artifacts that it was made from; with `artifacts` the lineage of every figure. */
  readonly inputs: readonly Pick<ReportArtifact, "kind" | "digest">[];
}

export interface ReportArtifact {
  readonly kind: string;
  readonly digest: string;
  readonly path: string;
  /** Repository and commit that its content came from, of what was fetched. */
  readonly origin?: string | undefined;
}

/** All that the report page shows; collected from a run's journal, events and artifacts. */
export interface ReportData {
  readonly run: string;
  readonly pipeline: string;
  readonly started: string;
  readonly seconds: number | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly recipe: readonly {
    readonly field: string;
    readonly value: string;
    readonly source: string;
  }[];
  readonly stages: readonly ReportStage[];
  readonly evaluationName: string;
  readonly base: ReportEvaluation | undefined;
  readonly trained: ReportEvaluation | undefined;
  readonly comparison: ReportComparison | undefined;
  /** Metric name → points over rollouts. */
  readonly curves: ReadonlyMap<string, readonly Point[]>;
  readonly rollouts: readonly ReportSample[];
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
}
