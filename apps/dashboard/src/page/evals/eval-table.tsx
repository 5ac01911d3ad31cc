import type { VNode } from "preact";
import type { EvalsAnswer, EvalSet } from "../../api/evals.ts";
import { runPath } from "../app/sections.ts";
import { formatPercent, signed } from "../data/words.ts";
import { OutcomeBar } from "../parts/outcome-bar.tsx";
import { IntervalPlot } from "./interval-plot.tsx";

interface EvalTableProps {
  readonly run: string;
  readonly evals: EvalsAnswer["evals"];
}

/** Every set of every evaluation, with its interval on one axis; a number leads to what it was made from. */
export function EvalTable({ run, evals }: EvalTableProps): VNode {
  const rows = evals.flatMap(({ stage, digest, sets }) =>
    sets.map((set) => ({ stage, digest, set })),
  );
  const axis = axisOf(rows.map(({ set }) => set.interval));
  return (
    <div class="table-box" tabIndex={0} role="region" aria-label="Results of evaluations">
      <table class="table">
        <thead>
          <tr>
            <th>evaluation</th>
            <th>set</th>
            <th class="number">right</th>
            <th>
              95 % interval{" "}
              <span class="muted">
                {formatPercent(axis.low)} to {formatPercent(axis.high)}
              </span>
            </th>
            <th>against the baseline</th>
            <th>outcomes</th>
            <th>made from</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ stage, digest, set }) => (
            <tr key={`${stage} ${set.name}`}>
              <td>
                <a href={evalPath(run, stage, set.name)}>{stage}</a>
              </td>
              <td>{set.name}</td>
              <td class="number">
                <b>{formatPercent(set.accuracy)}</b>
              </td>
              <td>
                <IntervalPlot
                  mean={set.accuracy}
                  low={set.interval.low}
                  high={set.interval.high}
                  axis={axis}
                />
              </td>
              <td>
                <Against set={set} />
              </td>
              <td>
                <OutcomeBar outcomes={set.outcomes} />
              </td>
              <td>
                <a href={`${runPath(run, "artifacts")}?artifact=${digest}`}>lineage</a>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export const evalPath = (run: string, stage: string, set: string): string =>
  `${runPath(run, "evals")}?${new URLSearchParams({ stage, set }).toString()}`;

/** "p = 0.030", "p < 0.0001" */
export function probability(p: number): string {
  if (p < 0.0001) return "p < 0.0001";
  return `p = ${p < 0.001 ? p.toFixed(5) : p.toFixed(3)}`;
}

function Against({ set }: { readonly set: EvalSet }): VNode {
  const { comparison } = set;
  if (comparison === undefined) return <span class="muted">—</span>;
  const { difference, interval, pValue } = comparison;
  const certain = interval.low > 0 || interval.high < 0;
  return (
    <span class={certain ? (difference > 0 ? "better" : "worse") : ""}>
      <b>{signed(difference * 100)}</b> points{" "}
      <small class="muted">
        ({signed(interval.low * 100)} to {signed(interval.high * 100)}, {probability(pValue)})
      </small>
    </span>
  );
}

interface Axis {
  readonly low: number;
  readonly high: number;
}

/** All intervals with some air, in whole twentieths. */
export function axisOf(intervals: readonly Axis[]): Axis {
  const low = Math.min(1, ...intervals.map((one) => one.low));
  const high = Math.max(0, ...intervals.map((one) => one.high));
  return {
    low: Math.max(0, Math.floor((low - 0.02) * 20) / 20),
    high: Math.min(1, Math.ceil((high + 0.02) * 20) / 20),
  };
}
