import { useEffect, useRef } from "preact/hooks";
import type { VNode } from "preact";
import uPlot from "uplot";
import { useThemeRevision } from "../app/theme.ts";
import { figure } from "../data/words.ts";
import { colour } from "./colours.ts";

export interface ChartLine {
  readonly label: string;
  /** Of the styles. */
  readonly token: string;
  readonly steps: readonly number[];
  readonly values: readonly (number | null)[];
  /** Behind its smoothed self. */
  readonly faint?: boolean;
}

export interface Range {
  readonly from: number;
  readonly to: number;
}

interface ChartProps {
  readonly name: string;
  readonly lines: readonly ChartLine[];
  readonly height: number;
  readonly range?: Range | undefined;
  readonly log?: boolean;
  /** undefined: all of it again. */
  readonly zoom?: ((range: Range | undefined) => void) | undefined;
  /** Step under the pointer and the value of each line there; undefined: it left. */
  readonly point?: (
    at:
      | { readonly step: number; readonly values: readonly (number | null | undefined)[] }
      | undefined,
  ) => void;
}

const FONT = "11px system-ui, sans-serif";
/** Charts of one page point at the same step. */
const SYNC = "moonlight";

/** Curves over steps, drawn on a canvas; its label says the figures in words. */
export function Chart(props: ChartProps): VNode {
  const { name, lines, height, range, log = false, zoom } = props;
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const theme = useThemeRevision();
  const looks = lines
    .map(({ label, token, faint }) => `${label} ${token} ${faint === true}`)
    .join();
  useEffect(() => {
    const element = host.current;
    if (element === null) return undefined;
    const made = new uPlot(
      optionsOf(element.clientWidth, latest),
      dataOf(latest.current.lines),
      element,
    );
    plot.current = made;
    const observer = new ResizeObserver(() =>
      made.setSize({ width: element.clientWidth, height: latest.current.height }),
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [looks, log, theme, height]);
  useEffect(() => {
    plot.current?.setData(dataOf(lines));
  }, [lines, range?.from, range?.to]);

  const press = (event: KeyboardEvent): void => {
    const it = plot.current;
    if (it === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const steps = it.data[0];
    const { min = 0, max = 1 } = it.scales["x"] ?? {};
    const [low, high] = [min ?? 0, max ?? 1];
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      const now = it.cursor.idx ?? steps.length - 1;
      const next = Math.max(
        0,
        Math.min(steps.length - 1, now + (event.key === "ArrowLeft" ? -1 : 1)),
      );
      it.setCursor({ left: it.valToPos(steps[next] ?? 0, "x"), top: it.over.clientHeight / 2 });
    } else if (event.key === "+" || event.key === "-") {
      const half = ((high - low) / 2) * (event.key === "+" ? 0.5 : 2);
      const at = it.cursor.idx;
      const centre = at === null || at === undefined ? (low + high) / 2 : (steps[at] ?? low);
      zoom?.({ from: centre - half, to: centre + half });
    } else if (event.key === "0") zoom?.(undefined);
    else return;
    event.preventDefault();
  };
  return (
    <div
      ref={host}
      class="chart"
      style={{ height: `${height}px` }}
      role="group"
      aria-roledescription="chart"
      aria-label={`${name}: ${inWords(lines)}`}
      tabIndex={0}
      onKeyDown={press}
    />
  );
}

function optionsOf(width: number, latest: { readonly current: ChartProps }): uPlot.Options {
  const { lines, height, log } = latest.current;
  const [muted, grid] = [colour("--muted"), colour("--line")];
  const axis = {
    stroke: muted,
    font: FONT,
    grid: { stroke: grid, width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height,
    legend: { show: false },
    padding: [8, 8, 0, 0],
    cursor: {
      sync: { key: SYNC, setSeries: false },
      drag: { x: true, y: false, setScale: false, dist: 6 },
      points: { size: 6 },
      bind: { dblclick: () => () => (latest.current.zoom?.(undefined), null) },
    },
    scales: {
      x: {
        time: false,
        range: (_plot, min, max) => {
          const { range } = latest.current;
          if (range !== undefined) return [range.from, range.to];
          return min === max ? [min - 1, max + 1] : [min, max];
        },
      },
      y:
        log === true
          ? { distr: 3 }
          : {
              range: (_plot, min, max) =>
                min === max ? around(min) : uPlot.rangeNum(min, max, 0.08, false),
            },
    },
    axes: [
      {
        ...axis,
        size: 26,
        values: (_plot, ticks) => ticks.map(figure),
        incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 50_000],
      },
      {
        ...axis,
        size: 54,
        values: (_plot, ticks) => ticks.map((v) => (v === null ? "" : figure(v))),
      },
    ],
    series: [
      {},
      ...lines.map(({ label, token, faint, steps }) => ({
        label,
        stroke: colour(token),
        width: faint === true ? 1 : 1.6,
        alpha: faint === true ? 0.28 : 1,
        points: { show: steps.length < 30, size: 5 },
      })),
    ],
    hooks: {
      setSelect: [
        (plot) => {
          const { left, width: wide } = plot.select;
          if (wide < 4) return;
          const from = plot.posToVal(left, "x");
          const to = plot.posToVal(left + wide, "x");
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          latest.current.zoom?.({ from, to });
        },
      ],
      setCursor: [
        (plot) => {
          const { idx } = plot.cursor;
          const step = idx === null || idx === undefined ? undefined : plot.data[0][idx];
          latest.current.point?.(
            step === undefined
              ? undefined
              : { step, values: plot.data.slice(1).map((values) => values[idx ?? 0]) },
          );
        },
      ],
    },
  };
}

/** A constant lies in the middle. */
function around(value: number | null): [number, number] {
  const half = Math.abs(value ?? 0) * 0.1 || 1;
  return [(value ?? 0) - half, (value ?? 0) + half];
}

function dataOf(lines: readonly ChartLine[]): uPlot.AlignedData {
  const tables = lines.map(
    ({ steps, values }): uPlot.AlignedData => [[...steps], [...values]] as uPlot.AlignedData,
  );
  if (tables.length === 0) return [[]];
  return tables.length === 1 ? (tables[0] ?? [[]]) : uPlot.join(tables);
}

function inWords(lines: readonly ChartLine[]): string {
  return lines
    .filter(({ faint }) => faint !== true)
    .map(({ label, steps, values }) => {
      const known = values.filter((value) => value !== null);
      if (known.length === 0) return `${label} has no points`;
      return `${label} from ${figure(known[0])} at step ${figure(steps[0])} to ${figure(known.at(-1))} at step ${figure(steps.at(-1))}, least ${figure(Math.min(...known))}, greatest ${figure(Math.max(...known))}`;
    })
    .join("; ");
}
