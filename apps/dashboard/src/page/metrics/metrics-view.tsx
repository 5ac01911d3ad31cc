import { useMemo, useState } from "preact/hooks";
import type { VNode } from "preact";
import type { MetricsAnswer } from "../../api/metrics.ts";
import { setQuery } from "../app/place.ts";
import { useLive } from "../data/live.ts";
import { useAnswer } from "../data/use-answer.ts";
import { figure } from "../data/words.ts";
import { SearchField } from "../parts/filters.tsx";
import { RunPicker } from "../parts/run-picker.tsx";
import { Empty, Show } from "../parts/state.tsx";
import { ChartCard, type ChartSettings } from "./chart-card.tsx";
import type { Range } from "./chart.tsx";
import { curveToken } from "./colours.ts";
import { grouped } from "./grouped.ts";

interface MetricsViewProps {
  readonly run: string;
  readonly query: URLSearchParams;
}

/** Most runs over one another: as many as there are colours. */
const MOST_RUNS = 8;

export function MetricsView({ run, query }: MetricsViewProps): VNode {
  const { metrics: revision } = useLive();
  const answer = useAnswer<MetricsAnswer>(`/api/runs/${run}/metrics`, revision, { sticky: true });
  const search = query.get("search") ?? "";
  const [smooth, setSmooth] = useState(0);
  const [log, setLog] = useState(false);
  const [range, zoom] = useState<Range | undefined>(undefined);
  const [large, setLarge] = useState<string | undefined>(undefined);
  const others = query.get("with")?.split(",").filter(Boolean) ?? [];
  const runs = [run, ...others.filter((other) => other !== run)].slice(0, MOST_RUNS);
  const settings: ChartSettings = { runs, smooth, log, range, zoom };
  const groups = useMemo(() => grouped(answer.data?.metrics ?? [], search), [answer.data, search]);
  const setOthers = (chosen: readonly string[]): void => setQuery({ with: chosen.join() });
  return (
    <>
      <div class="toolbar" role="group" aria-label="How curves are drawn">
        <SearchField
          label="Search metrics"
          value={search}
          change={(text) => setQuery({ search: text })}
        />
        <label>
          Smoothing
          <input
            type="range"
            min="0"
            max="0.99"
            step="0.01"
            value={smooth}
            onInput={(event) => setSmooth(Number(event.currentTarget.value))}
          />
          <output>{smooth === 0 ? "off" : smooth.toFixed(2)}</output>
        </label>
        <label>
          <input
            type="checkbox"
            checked={log}
            onChange={(event) => setLog(event.currentTarget.checked)}
          />
          Log scale
        </label>
        <RunPicker
          label="Lay over"
          none="another run …"
          except={runs}
          choose={(other) => setOthers([...runs.slice(1), other])}
        />
        {range !== undefined && (
          <button type="button" class="button" onClick={() => zoom(undefined)}>
            Steps {figure(Math.round(range.from))} to {figure(Math.round(range.to))} ✕
          </button>
        )}
        <span class="muted small push">drag to zoom, double-click for all</span>
      </div>
      {runs.length > 1 && (
        <ul class="legend wide">
          {runs.map((one, index) => (
            <li key={one}>
              <i style={{ background: `var(${curveToken(index)})` }} />
              <span class="mono">{one}</span>
              {index > 0 && (
                <button
                  type="button"
                  class="button quiet small"
                  aria-label={`Take ${one} away`}
                  onClick={() => setOthers(runs.slice(1).filter((other) => other !== one))}
                >
                  ✕
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
      <Show answer={answer} rows={8}>
        {({ metrics }) =>
          metrics.length === 0 ? (
            <Empty title="No curves yet">
              They come with the first evaluation or training step; this page follows.
            </Empty>
          ) : groups.length === 0 ? (
            <Empty title={`No metric has “${search}” in its name`} />
          ) : (
            groups.map(({ title, curves, singles }) => (
              <details key={title} class="metric-group" open>
                <summary>
                  <h2>{title}</h2>
                  <span class="muted">{curves.length + singles.length}</span>
                </summary>
                <div class="chart-grid">
                  {curves.map(({ name }) => (
                    <ChartCard
                      key={name}
                      name={name}
                      settings={settings}
                      height={large === name ? 380 : 170}
                      grown={large === name}
                      grow={() => setLarge(large === name ? undefined : name)}
                    />
                  ))}
                </div>
                {singles.length > 0 && (
                  <dl class="figures">
                    {singles.map(({ name, value, last }) => (
                      <div key={name}>
                        <dt>{name}</dt>
                        <dd title={`one point, at step ${last}`}>{figure(value)}</dd>
                      </div>
                    ))}
                  </dl>
                )}
              </details>
            ))
          )
        }
      </Show>
    </>
  );
}
