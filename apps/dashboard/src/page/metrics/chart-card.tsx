import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { VNode } from "preact";
import type { SeriesAnswer } from "../../api/metrics.ts";
import { address } from "../data/answer.ts";
import { useLive } from "../data/live.ts";
import { useAnswer } from "../data/use-answer.ts";
import { figure } from "../data/words.ts";
import { FaultNote } from "../parts/state.tsx";
import { Chart, type ChartLine, type Range } from "./chart.tsx";
import { curveToken } from "./colours.ts";

export interface ChartSettings {
  /** The first is the run that is looked at. */
  readonly runs: readonly string[];
  /** 0 to 0.99: weight of what came before. */
  readonly smooth: number;
  readonly log: boolean;
  readonly range: Range | undefined;
  readonly zoom: (range: Range | undefined) => void;
}

interface ChartCardProps {
  readonly name: string;
  readonly settings: ChartSettings;
  readonly height?: number;
  readonly grow?: (() => void) | undefined;
  readonly grown?: boolean;
}

type Point = Parameters<NonNullable<Parameters<typeof Chart>[0]["point"]>>[0];

/** Points asked for: more than pixels are of no use. */
const POINTS = 800;

/** One metric of one or several runs; asks for its points once it is in sight. */
export function ChartCard({ name, settings, height = 180, grow, grown }: ChartCardProps): VNode {
  const { runs, smooth, log, range, zoom } = settings;
  const { metrics } = useLive();
  const card = useRef<HTMLElement>(null);
  const seen = useSeen(card);
  const [point, setPoint] = useState<Point>(undefined);
  const query = { runs: runs.join(), names: name, points: POINTS, ...range };
  const raw = useAnswer<SeriesAnswer>(seen ? address("/api/series", query) : undefined, metrics, {
    sticky: true,
  });
  const calm = useAnswer<SeriesAnswer>(
    seen && smooth > 0 ? address("/api/series", { ...query, smooth, method: "lttb" }) : undefined,
    metrics,
    { sticky: true },
  );
  const smoothed = smooth > 0 ? calm.data : undefined;
  const lines = useMemo((): ChartLine[] => {
    const of = (answer: SeriesAnswer | undefined, faint: boolean): ChartLine[] =>
      (answer?.series ?? []).map(({ run, steps, values }) => ({
        label: runs.length > 1 ? run : name,
        token: curveToken(Math.max(0, runs.indexOf(run))),
        steps,
        values: log ? values.map((value) => (value !== null && value > 0 ? value : null)) : values,
        faint,
      }));
    return [...of(raw.data, smoothed !== undefined), ...of(smoothed, false)];
  }, [raw.data, smoothed, log, runs.join(), name]);
  const clear = lines
    .map((line, index) => ({ ...line, index }))
    .filter(({ faint }) => faint !== true);
  const total = raw.data?.series[0]?.total ?? 0;
  return (
    <section
      ref={card}
      class={`card chart-card${grown === true ? " grown" : ""}`}
      aria-label={name}
    >
      <header>
        <h3 title={name}>{name}</h3>
        <span class="readout" aria-hidden="true">
          {point === undefined ? (
            clear.length === 1 && <b>{figure(clear[0]?.values.at(-1))}</b>
          ) : (
            <>
              <small>step {figure(point.step)}</small>
              {clear.length === 1 && <b>{figure(point.values[clear[0]?.index ?? 0])}</b>}
            </>
          )}
        </span>
        {grow !== undefined && (
          <button
            type="button"
            class="button quiet small"
            aria-label={grown === true ? `Make ${name} small` : `Make ${name} large`}
            aria-pressed={grown === true}
            onClick={grow}
          >
            {grown === true ? "−" : "⤢"}
          </button>
        )}
      </header>
      {raw.fault !== undefined && <FaultNote fault={raw.fault} retry={raw.retry} />}
      {lines.length > 0 ? (
        <Chart
          name={name}
          lines={lines}
          height={height}
          range={range}
          log={log}
          zoom={zoom}
          point={setPoint}
        />
      ) : (
        <div class="chart blank" style={{ height: `${height}px` }}>
          {raw.data !== undefined && <span class="muted">no points here</span>}
        </div>
      )}
      {runs.length > 1 && (
        <ul class="legend">
          {clear.map(({ label, token, values, index }) => (
            <li key={label}>
              <i style={{ background: `var(${token})` }} />
              <span>{label}</span>
              <b>{figure(point === undefined ? values.at(-1) : point.values[index])}</b>
            </li>
          ))}
        </ul>
      )}
      {grown === true && (
        <p class="muted small">
          {figure(total)} points
          {total > POINTS && `, of which the extremes of each bucket are drawn`}
        </p>
      )}
    </section>
  );
}

/** Whether it has come near the window. */
function useSeen(element: { readonly current: Element | null }): boolean {
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    if (element.current === null) return undefined;
    const observer = new IntersectionObserver(
      (entries) => setSeen(entries.some(({ isIntersecting }) => isIntersecting)),
      { rootMargin: "200px" },
    );
    observer.observe(element.current);
    return () => observer.disconnect();
  }, []);
  return seen;
}
