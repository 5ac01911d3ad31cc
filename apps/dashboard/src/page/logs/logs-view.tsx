import { useState } from "preact/hooks";
import type { VNode } from "preact";
import type { LogsAnswer } from "../../api/logs.ts";
import type { StageState } from "../../api/run.ts";
import { setQuery } from "../app/place.ts";
import { address } from "../data/answer.ts";
import { useLive } from "../data/live.ts";
import { clock, count, when } from "../data/words.ts";
import { toneOf } from "../parts/badge.tsx";
import { VirtualList } from "../parts/virtual-list.tsx";

type LogLine = LogsAnswer["items"][number];

interface LogsViewProps {
  readonly run: string;
  readonly query: URLSearchParams;
  readonly stages: readonly StageState[] | undefined;
}

/** What happened, filtered and searched by the server; follows the end unless told not to. */
export function LogsView({ run, query, stages }: LogsViewProps): VNode {
  const { logs } = useLive();
  const [follow, setFollow] = useState(true);
  const [total, setTotal] = useState<number | undefined>(undefined);
  const [open, setOpen] = useState<LogLine | undefined>(undefined);
  const filter = {
    stage: query.get("stage") ?? undefined,
    level: query.get("level") ?? undefined,
    search: query.get("search") ?? undefined,
  };
  return (
    <div class="logs">
      <div class="toolbar" role="group" aria-label="Which lines">
        <input
          type="search"
          placeholder="Search the log"
          aria-label="Search the log"
          value={filter.search ?? ""}
          onInput={(event) => setQuery({ search: event.currentTarget.value })}
        />
        <select
          aria-label="Stage"
          value={filter.stage ?? ""}
          onChange={(event) => setQuery({ stage: event.currentTarget.value })}
        >
          <option value="">all stages</option>
          {(stages ?? []).map(({ id }) => (
            <option key={id} value={id}>
              {id}
            </option>
          ))}
        </select>
        <select
          aria-label="Level"
          value={filter.level ?? ""}
          onChange={(event) => setQuery({ level: event.currentTarget.value })}
        >
          <option value="">all levels</option>
          <option value="warning">warnings</option>
          <option value="error">errors</option>
        </select>
        <label>
          <input
            type="checkbox"
            checked={follow}
            onChange={(event) => setFollow(event.currentTarget.checked)}
          />
          Follow the end
        </label>
        <span class="muted" role="status">
          {total === undefined ? "" : count(total, "line")}
        </span>
      </div>
      <div class="card log-box">
        <VirtualList<LogLine>
          label="Log"
          source={(offset, limit) => address(`/api/runs/${run}/logs`, { ...filter, offset, limit })}
          rowHeight={24}
          revision={logs}
          tail={follow}
          choose={(line) => setOpen(line)}
          isChosen={(line) => line === open}
          onAnswer={(answer) => setTotal(answer.total)}
          empty={
            <p class="pane-empty muted">
              {(filter.search ?? filter.level ?? filter.stage) ? "No line fits." : "Nothing yet."}
            </p>
          }
          row={(line) => (
            <span class={`log-row ${toneOf(line.level)}`}>
              <time dateTime={line.time} title={when(line.time)}>
                {clock(line.time)}
              </time>
              <span class="log-stage">{line.stage ?? ""}</span>
              <span class="clip">
                {line.level !== "info" && <b class="log-level">{line.level} </b>}
                {line.code !== undefined && <code>{line.code} </code>}
                {line.message}
              </span>
            </span>
          )}
        />
      </div>
      {open !== undefined && (
        <section class="card" aria-label="The chosen line">
          <header>
            <h2>{when(open.time)}</h2>
            <span class="muted">{open.stage}</span>
            <span class="push" />
            <button
              type="button"
              class="button quiet small"
              aria-label="Close the line"
              onClick={() => setOpen(undefined)}
            >
              ✕
            </button>
          </header>
          <pre class="text">
            {open.code !== undefined && `${open.code}: `}
            {open.message}
          </pre>
          {open.hint !== undefined && <p class="muted">{open.hint}</p>}
        </section>
      )}
    </div>
  );
}
