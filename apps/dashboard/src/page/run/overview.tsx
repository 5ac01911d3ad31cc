import type { VNode } from "preact";
import type { EvalsAnswer } from "../../api/evals.ts";
import type { AlarmsAnswer } from "../../api/logs.ts";
import type { MetricsAnswer } from "../../api/metrics.ts";
import type { RunAnswer } from "../../api/run.ts";
import { setQuery } from "../app/place.ts";
import { runPath } from "../app/sections.ts";
import { useLive } from "../data/live.ts";
import { useAnswer } from "../data/use-answer.ts";
import { ago, formatBytes, plain, when } from "../data/words.ts";
import { EvalTable } from "../evals/eval-table.tsx";
import { ChartCard } from "../metrics/chart-card.tsx";
import { keyCurves } from "../metrics/grouped.ts";
import { Badge } from "../parts/badge.tsx";
import { FaultNote } from "../parts/state.tsx";
import { PipelineGraph } from "./pipeline-graph.tsx";
import { StageDetails, TaskList } from "./stage-details.tsx";

/** A run at a glance: what is going on, whether it goes well, and what came out. */
export function Overview({
  run,
  chosen,
}: {
  readonly run: RunAnswer;
  readonly chosen: string | undefined;
}): VNode {
  const live = useLive();
  const metrics = useAnswer<MetricsAnswer>(`/api/runs/${run.id}/metrics`, live.metrics, {
    sticky: true,
  });
  const evals = useAnswer<EvalsAnswer>(`/api/runs/${run.id}/evals`, live.state, { sticky: true });
  const alarms = useAnswer<AlarmsAnswer>(`/api/runs/${run.id}/alarms`, live.logs, { sticky: true });
  const stage = run.stages.find(({ id }) => id === chosen);
  const working = run.stages.filter(({ id, state }) => state === "running" && id !== chosen);
  const curves = keyCurves(metrics.data?.metrics ?? [], 4);
  const settings = {
    runs: [run.id],
    smooth: 0,
    log: false,
    range: undefined,
    zoom: () => undefined,
  };
  return (
    <>
      {run.error !== undefined && <FaultNote fault={run.error} />}
      <PipelineGraph run={run} chosen={chosen} choose={(id) => setQuery({ stage: id })} />
      {stage !== undefined && (
        <StageDetails run={run.id} stage={stage} close={() => setQuery({ stage: undefined })} />
      )}
      {working.map((one) => (
        <section key={one.id} class="card" aria-label={`${one.id} at work`}>
          <header>
            <h2>{one.id}</h2>
            <Badge state={one.state} />
          </header>
          <TaskList stage={one} />
        </section>
      ))}
      {curves.length > 0 && (
        <section aria-label="Key curves">
          <div class="section-head">
            <h2>Curves</h2>
            <a href={runPath(run.id, "metrics")}>all {metrics.data?.metrics.length} metrics</a>
          </div>
          <div class="chart-grid four">
            {curves.map((name) => (
              <ChartCard key={name} name={name} settings={settings} height={140} />
            ))}
          </div>
        </section>
      )}
      {(evals.data?.evals.length ?? 0) > 0 && (
        <section aria-label="Evaluations">
          <div class="section-head">
            <h2>Evaluations</h2>
            <a href={runPath(run.id, "evals")}>problems and samples</a>
          </div>
          <EvalTable run={run.id} evals={evals.data?.evals ?? []} />
        </section>
      )}
      <div class="columns">
        <Alarms run={run.id} alarms={alarms.data?.alarms ?? []} />
        <Surroundings run={run} />
      </div>
    </>
  );
}

function Alarms({
  run,
  alarms,
}: {
  readonly run: string;
  readonly alarms: AlarmsAnswer["alarms"];
}): VNode {
  return (
    <section class="card" aria-label="Alarms">
      <header>
        <h2>Alarms</h2>
        <span class="push" />
        {alarms.length > 0 && <a href={runPath(run, "alarms")}>all {alarms.length}</a>}
      </header>
      {alarms.length === 0 ? (
        <p class="muted">None: no warning, no failure.</p>
      ) : (
        <ul class="plain-list">
          {alarms.slice(0, 4).map((alarm) => (
            <li key={`${alarm.code} ${alarm.message}`}>
              <Badge state={alarm.level} text={alarm.code} /> {alarm.message}{" "}
              <span class="muted small">{ago(alarm.last)}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Surroundings({ run }: { readonly run: RunAnswer }): VNode {
  const { params, host, git, versions } = run;
  const own = Object.entries(versions).filter(([name]) => !name.startsWith("@moonlight-rl/"));
  const hostText = (name: string, value: string | number): string =>
    name === "memory" ? formatBytes(Number(value)) : String(value);
  return (
    <section class="card" aria-label="Environment">
      <header>
        <h2>Environment</h2>
      </header>
      <dl class="facts">
        <div>
          <dt>pipeline</dt>
          <dd>{run.pipeline}</dd>
        </div>
        <div>
          <dt>started</dt>
          <dd>{when(run.started)}</dd>
        </div>
        {Object.entries(params)
          .filter(([, value]) => plain(value) !== "[]")
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd class="mono lines">
                {Array.isArray(value) ? value.map(plain).join("\n") : plain(value)}
              </dd>
            </div>
          ))}
        {git !== undefined && (
          <div>
            <dt>commit</dt>
            <dd class="mono">
              {git.commit.slice(0, 12)}
              {git.dirty && " with changes"}
            </dd>
          </div>
        )}
        {Object.entries(host).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{hostText(name, value)}</dd>
          </div>
        ))}
      </dl>
      <details>
        <summary>{Object.keys(versions).length} versions</summary>
        <dl class="facts mono small">
          {[
            ...own,
            ...Object.entries(versions).filter(([name]) => !own.some(([one]) => one === name)),
          ].map(([name, version]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{version}</dd>
            </div>
          ))}
        </dl>
      </details>
    </section>
  );
}
