import { useState } from "preact/hooks";
import type { VNode } from "preact";
import type { CompareAnswer } from "../../api/compare.ts";
import { figure, formatDuration, formatPercent, signed } from "../data/words.ts";
import { axisOf } from "../evals/eval-table.tsx";
import { IntervalPlot } from "../evals/interval-plot.tsx";
import { ChartCard } from "../metrics/chart-card.tsx";
import { KEY_METRICS } from "../metrics/grouped.ts";
import type { Range } from "../metrics/chart.tsx";
import { Badge } from "../parts/badge.tsx";

/** Results, curves, stages and surroundings of two runs, side by side. */
export function CompareTables({ compared }: { readonly compared: CompareAnswer }): VNode {
  const { a, b, evals, metrics, stages, environment } = compared;
  const [range, zoom] = useState<Range | undefined>(undefined);
  const settings = { runs: [a, b], smooth: 0, log: false, range, zoom };
  const names = new Set(metrics.map(({ name }) => name));
  const curves = KEY_METRICS.filter((name) => names.has(name)).slice(0, 6);
  const axis = axisOf(evals.flatMap(({ a: one, b: other }) => [one, other]));
  return (
    <>
      {evals.length > 0 && (
        <section aria-label="Evaluations">
          <h2>Evaluations</h2>
          <div class="table-box">
            <table class="table">
              <thead>
                <tr>
                  <th>evaluation</th>
                  <th class="number">A</th>
                  <th class="number">B</th>
                  <th>
                    95 % intervals{" "}
                    <span class="muted">
                      {formatPercent(axis.low)} to {formatPercent(axis.high)}
                    </span>
                  </th>
                  <th class="number">B − A, points</th>
                </tr>
              </thead>
              <tbody>
                {evals.map(({ stage, set, a: one, b: other }) => (
                  <tr key={`${stage} ${set}`}>
                    <td>
                      {stage}: {set}
                    </td>
                    <td class="number">{formatPercent(one.accuracy)}</td>
                    <td class="number">{formatPercent(other.accuracy)}</td>
                    <td class="intervals">
                      <IntervalPlot {...one} mean={one.accuracy} axis={axis} />
                      <IntervalPlot {...other} mean={other.accuracy} axis={axis} second />
                    </td>
                    <td class="number">{signed((other.accuracy - one.accuracy) * 100)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </section>
      )}
      {curves.length > 0 && (
        <section aria-label="Curves">
          <h2>Curves</h2>
          <div class="chart-grid">
            {curves.map((name) => (
              <ChartCard key={name} name={name} settings={settings} />
            ))}
          </div>
        </section>
      )}
      <div class="columns">
        <section class="card" aria-label="Stages">
          <header>
            <h2>Stages</h2>
          </header>
          <table class="table tight">
            <thead>
              <tr>
                <th>stage</th>
                <th>work</th>
                <th class="number">A</th>
                <th class="number">B</th>
              </tr>
            </thead>
            <tbody>
              {stages.map(({ id, state, secondsA, secondsB }) => (
                <tr key={id}>
                  <td>{id}</td>
                  <td>
                    <Badge state={state} />
                  </td>
                  <td class="number">{secondsA === undefined ? "—" : formatDuration(secondsA)}</td>
                  <td class="number">{secondsB === undefined ? "—" : formatDuration(secondsB)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
        <section class="card" aria-label="Environment">
          <header>
            <h2>Environment</h2>
          </header>
          {environment.length === 0 ? (
            <p class="muted">The same versions, commit and machine.</p>
          ) : (
            <table class="table tight">
              <tbody>
                {environment.map(({ what, a: one, b: other }) => (
                  <tr key={what}>
                    <th scope="row">{what}</th>
                    <td class="mono">{one ?? "—"}</td>
                    <td class="mono">{other ?? "—"}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </section>
      </div>
      {metrics.length > 0 && (
        <details>
          <summary>Last values of {metrics.length} metrics</summary>
          <table class="table tight">
            <tbody>
              {metrics.map(({ name, a: one, b: other }) => (
                <tr key={name}>
                  <th scope="row" class="mono">
                    {name}
                  </th>
                  <td class="number">{figure(one)}</td>
                  <td class="number">{figure(other)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </details>
      )}
    </>
  );
}
