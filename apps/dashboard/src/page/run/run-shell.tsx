import type { VNode } from "preact";
import type { RunAnswer } from "../../api/run.ts";
import { go } from "../app/place.ts";
import { runPath, SECTIONS, type Section } from "../app/sections.ts";
import { ArtifactsView } from "../artifacts/artifacts-view.tsx";
import { LiveContext, useEvents, type Live } from "../data/live.ts";
import { useAnswer, type Answer } from "../data/use-answer.ts";
import { formatDuration, when } from "../data/words.ts";
import { EvalsView } from "../evals/evals-view.tsx";
import { AlarmsView } from "../logs/alarms-view.tsx";
import { LogsView } from "../logs/logs-view.tsx";
import { MetricsView } from "../metrics/metrics-view.tsx";
import { Badge } from "../parts/badge.tsx";
import { RunPicker } from "../parts/run-picker.tsx";
import { Show } from "../parts/state.tsx";
import { RecipeView } from "../recipe/recipe-view.tsx";
import { RolloutsView } from "../rollouts/rollouts-view.tsx";
import { Overview } from "./overview.tsx";
import { timeLeft } from "./progress.ts";

interface RunShellProps {
  readonly run: string;
  readonly section: Section;
  readonly query: URLSearchParams;
}

/** What all parts of a run's page share: its name and state above, its events below. */
export function RunShell({ run, section, query }: RunShellProps): VNode {
  const live = useEvents(run);
  const answer = useAnswer<RunAnswer>(`/api/runs/${run}`, live.state, { sticky: true });
  const title = SECTIONS.find(({ name }) => name === section)?.title ?? "";
  return (
    <LiveContext.Provider value={live}>
      <RunHead run={run} title={title} section={section} answer={answer} live={live} />
      <div class={`view view-${section}`}>
        {section === "overview" && (
          <Show answer={answer} rows={8}>
            {(data) => <Overview run={data} chosen={query.get("stage") ?? undefined} />}
          </Show>
        )}
        {section === "metrics" && <MetricsView run={run} query={query} />}
        {section === "rollouts" && <RolloutsView run={run} query={query} />}
        {section === "evals" && <EvalsView run={run} query={query} />}
        {section === "recipe" && <RecipeView run={run} query={query} />}
        {section === "artifacts" && <ArtifactsView run={run} query={query} />}
        {section === "logs" && <LogsView run={run} query={query} stages={answer.data?.stages} />}
        {section === "alarms" && <AlarmsView run={run} />}
      </div>
    </LiveContext.Provider>
  );
}

interface RunHeadProps extends Omit<RunShellProps, "query"> {
  readonly title: string;
  readonly answer: Answer<RunAnswer>;
  readonly live: Live;
}

function RunHead({ run, title, section, answer, live }: RunHeadProps): VNode {
  const { data } = answer;
  const left = data === undefined ? undefined : timeLeft(data);
  return (
    <div class="run-head">
      <h1>{title}</h1>
      <RunPicker
        label="Run"
        quiet
        value={data?.id ?? run}
        choose={(other) => go(runPath(other, section))}
      />
      {data !== undefined && (
        <p class="run-facts" aria-live="polite">
          <Badge state={data.status} />
          <span title={`started ${when(data.started)}`}>
            {formatDuration(data.seconds)}
            {left !== undefined &&
              left >= 1 &&
              `, about ${formatDuration(left)} left in this stage`}
          </span>
        </p>
      )}
      <span class={`connection ${live.connection}`} role="status">
        {live.connection === "live"
          ? data?.status === "running"
            ? "live"
            : ""
          : live.connection === "lost"
            ? "the server does not answer; trying again"
            : ""}
      </span>
    </div>
  );
}
