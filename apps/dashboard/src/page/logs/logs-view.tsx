import { useState } from "preact/hooks";
import type { VNode } from "preact";
import type { LogsAnswer } from "../../api/logs.ts";
import type { StageState } from "../../api/run.ts";
import { setQuery } from "../app/place.ts";
import { address } from "../data/answer.ts";
import { useLive } from "../data/live.ts";
import { clock, count, when } from "../data/words.ts";
import { toneOf } from "../parts/badge.tsx";
import { Choice, SearchField } from "../parts/filters.tsx";
import { VirtualList } from "../parts/virtual-list.tsx";

type LogLine = LogsAnswer["items"][number];

interface LogsViewProps {
  readonly run: string;
  readonly query: URLSearchParams;
  readonly stages: readonly StageState[] | undefined;
}

const LEVELS = [
  ["", "all levels"],
  ["warning", "warnings"],
  ["error", "errors"],
] as const;

/** What happened, filtered and searched by the server; follows the end until the reader scrolls up, and again from there on. */
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
        <SearchField
          label="Search the log"
          value={filter.search}
          change={(search) => setQuery({ search })}
        />
        <Choice
          label="Stage"
          value={filter.stage}
          options={[["", "all stages"], ...(stages ?? []).map(({ id }) => [id, id] as const)]}
          change={(stage) => setQuery({ stage })}
        />
        <Choice
          label="Level"
          value={filter.level}
          options={LEVELS}
          change={(level) => setQuery({ level })}
        />
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
          onTail={setFollow}
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
