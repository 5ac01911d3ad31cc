import type { VNode } from "preact";
import type { EvalsAnswer, EvalSet } from "../../api/evals.ts";
import { go } from "../app/place.ts";
import { useLive } from "../data/live.ts";
import { useAnswer } from "../data/use-answer.ts";
import { figure, formatPercent, plain, signed } from "../data/words.ts";
import { Empty, Show } from "../parts/state.tsx";
import { EvalSamples } from "./eval-samples.tsx";
import { evalPath, EvalTable, probability } from "./eval-table.tsx";
import { IntervalPlot } from "./interval-plot.tsx";
import { ProblemList } from "./problem-list.tsx";

interface EvalsViewProps {
  readonly run: string;
  readonly query: URLSearchParams;
}

export function EvalsView({ run, query }: EvalsViewProps): VNode {
  const { state } = useLive();
  const answer = useAnswer<EvalsAnswer>(`/api/runs/${run}/evals`, state, { sticky: true });
  return (
    <Show answer={answer}>
      {({ evals }) => {
        const all = evals.flatMap(({ stage, sets }) => sets.map((set) => ({ stage, set })));
        const chosen =
          all.find(
            ({ stage, set }) => stage === query.get("stage") && set.name === query.get("set"),
          ) ?? all.at(-1);
        if (chosen === undefined)
          return (
            <Empty title="No evaluation has finished yet">
              Evaluations during training are curves, named eval/….
            </Empty>
          );
        return (
          <>
            <EvalTable run={run} evals={evals} />
            <div class="section-head">
              <h2>In detail</h2>
              <label>
                <span class="hidden">Evaluation</span>
                <select
                  value={`${chosen.stage}\n${chosen.set.name}`}
                  onChange={(event) => {
                    const [stage = "", set = ""] = event.currentTarget.value.split("\n");
                    go(evalPath(run, stage, set));
                  }}
                >
                  {all.map(({ stage, set }) => (
                    <option key={`${stage} ${set.name}`} value={`${stage}\n${set.name}`}>
                      {stage}: {set.name}
                    </option>
                  ))}
                </select>
              </label>
            </div>
            <SetFigures set={chosen.set} />
            <div class="browser two" key={`${chosen.stage} ${chosen.set.name}`}>
              <section class="pane" aria-label="Problems">
                <ProblemList run={run} stage={chosen.stage} set={chosen.set} query={query} />
              </section>
              <section class="pane wide" aria-label="Samples">
                <EvalSamples run={run} stage={chosen.stage} set={chosen.set} query={query} />
              </section>
            </div>
          </>
        );
      }}
    </Show>
  );
}

/** The figures of one set: what it scored, how its answers look, and the paired test. */
function SetFigures({ set }: { readonly set: EvalSet }): VNode {
  const { comparison, responseLength, settings } = set;
  const axis = { low: 0, high: 1 };
  return (
    <div class="columns three">
      <section class="card" aria-label="Figures">
        <header>
          <h3>Figures</h3>
          <span class="muted">
            {set.problems} problems × {set.samplesPerProblem}
          </span>
        </header>
        <table class="table tight">
          <tbody>
            {Object.entries(set.figures).map(([name, { mean, low, high }]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td class="number">{formatPercent(mean)}</td>
                <td>
                  <IntervalPlot mean={mean} low={low} high={high} axis={axis} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <section class="card" aria-label="Answers">
        <header>
          <h3>Answers</h3>
        </header>
        <dl class="facts">
          {Object.entries(set.outcomes).map(([name, share]) => (
            <div key={name}>
              <dt>{name.replace("_", " ")}</dt>
              <dd>{formatPercent(share)}</dd>
            </div>
          ))}
          <div>
            <dt>ended by themselves</dt>
            <dd>{formatPercent(set.closedShare)}</dd>
          </div>
          <div>
            <dt>length, {responseLength.unit}</dt>
            <dd>
              mean {figure(responseLength.mean)}, median {figure(responseLength.median)}, p95{" "}
              {figure(responseLength.p95)}, most {figure(responseLength.max)}
            </dd>
          </div>
        </dl>
      </section>
      <section class="card" aria-label="Comparison and settings">
        <header>
          <h3>{comparison === undefined ? "Settings" : "Against the baseline"}</h3>
        </header>
        {comparison !== undefined && (
          <dl class="facts">
            <div>
              <dt>difference</dt>
              <dd>
                <b>{signed(comparison.difference * 100)}</b> points, 95 % interval{" "}
                {signed(comparison.interval.low * 100)} to {signed(comparison.interval.high * 100)}
              </dd>
            </div>
            <div>
              <dt>paired test</dt>
              <dd>
                {probability(comparison.pValue)} ({comparison.test})
              </dd>
            </div>
            <div>
              <dt>problems</dt>
              <dd>
                {comparison.better} better, {comparison.worse} worse, {comparison.same} the same
              </dd>
            </div>
            {comparison.minimumDetectable !== null && (
              <div>
                <dt>least that would show</dt>
                <dd>{signed(comparison.minimumDetectable * 100)} points</dd>
              </div>
            )}
          </dl>
        )}
        <details open={comparison === undefined}>
          <summary>Settings</summary>
          <dl class="facts mono small">
            {Object.entries(settings).map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{plain(value)}</dd>
              </div>
            ))}
          </dl>
        </details>
      </section>
    </div>
  );
}
