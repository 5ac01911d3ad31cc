import type { VNode } from "preact";
import type { AlarmsAnswer } from "../../api/logs.ts";
import { runPath } from "../app/sections.ts";
import { useLive } from "../data/live.ts";
import { useAnswer } from "../data/use-answer.ts";
import { ago, count, when } from "../data/words.ts";
import { Badge } from "../parts/badge.tsx";
import { Empty, Show } from "../parts/state.tsx";

/** Warnings and failures, equal ones counted, the newest first. */
export function AlarmsView({ run }: { readonly run: string }): VNode {
  const { logs } = useLive();
  const answer = useAnswer<AlarmsAnswer>(`/api/runs/${run}/alarms`, logs, { sticky: true });
  return (
    <Show answer={answer}>
      {({ alarms }) =>
        alarms.length === 0 ? (
          <Empty title="No alarms">No stage has warned or failed.</Empty>
        ) : (
          <ul class="alarms">
            {alarms.map((alarm) => (
              <li key={`${alarm.stage ?? ""} ${alarm.code} ${alarm.message}`} class="card">
                <header>
                  <Badge state={alarm.level} />
                  <code>{alarm.code}</code>
                  {alarm.stage !== undefined && (
                    <a href={`${runPath(run, "logs")}?stage=${encodeURIComponent(alarm.stage)}`}>
                      {alarm.stage}
                    </a>
                  )}
                  <span class="push muted" title={`${when(alarm.first)} to ${when(alarm.last)}`}>
                    {alarm.count > 1 && `${count(alarm.count, "time")}, last `}
                    {ago(alarm.last)}
                  </span>
                </header>
                <p>{alarm.message}</p>
                {alarm.hint !== undefined && <p class="muted">{alarm.hint}</p>}
              </li>
            ))}
          </ul>
        )
      }
    </Show>
  );
}
