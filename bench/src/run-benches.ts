import type { Bench, BenchOptions, Figure, Findings } from "./bench.ts";
import { sameRow, type Goal, type Miss, type Row } from "./row.ts";

export interface BenchReport {
  readonly rows: readonly Row[];
  readonly misses: readonly Miss[];
}

/**
 * Runs benches one after the other, never two at once. `onRow` is told each row as it is found; at the end of a bench
 * every goal without a row becomes a miss.
 */
export async function runBenches(
  benches: readonly Bench[],
  goals: readonly Goal[],
  options: BenchOptions,
  on: {
    readonly row: (row: Row) => void;
    readonly miss: (miss: Miss) => void;
    readonly note: (text: string) => void;
  },
): Promise<BenchReport> {
  const rows: Row[] = [];
  const misses: Miss[] = [];
  for (const bench of benches) {
    if (options.signal.aborted) break;
    const reasons = new Map<string, string>();
    const findings: Findings = {
      figure(figure) {
        const row = toRow(bench.name, figure, goals);
        rows.push(row);
        on.row(row);
      },
      miss: (metric, peer, reason) => reasons.set(key({ metric, peer }), reason),
      note: on.note,
    };
    let fault = "the bench gave no such row";
    try {
      await bench.run(options, findings);
    } catch (error) {
      fault = error instanceof Error ? error.message : String(error);
    }
    for (const goal of goals) {
      if (goal.bench !== bench.name || rows.some((row) => sameRow(row, goal))) continue;
      const miss = { ...goal, reason: reasons.get(key(goal)) ?? fault };
      misses.push(miss);
      on.miss(miss);
    }
  }
  return { rows, misses };
}

function key({ metric, peer }: { readonly metric: string; readonly peer: string }): string {
  return JSON.stringify([metric, peer]);
}

function toRow(bench: string, figure: Figure, goals: readonly Goal[]): Row {
  const { metric, peer, unit, ours, theirs, better } = figure;
  for (const value of [ours, theirs])
    if (!(Number.isFinite(value) && value > 0))
      throw new Error(`${bench} ${metric} against ${peer}: ${value} ${unit} is no measurement`);
  const name = { bench, metric, peer };
  return {
    bench,
    metric,
    value: rounded(ours),
    unit,
    peer,
    ratio: rounded(better === "greater" ? ours / theirs : theirs / ours),
    goal: goals.find((goal) => sameRow(goal, name))?.goal ?? null,
  };
}

/** Four significant digits: more than any of these figures repeats to. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
