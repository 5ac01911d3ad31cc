import { useMemo } from "preact/hooks";
import type { VNode } from "preact";
import type { RunAnswer, StageState } from "../../api/run.ts";
import { formatDuration, formatPercent } from "../data/words.ts";
import { Bar } from "../parts/bar.tsx";
import { toneOf } from "../parts/badge.tsx";
import { layOutGraph, NODE } from "./graph-layout.ts";
import { amount, mainTask, share } from "./progress.ts";

interface PipelineGraphProps {
  readonly run: RunAnswer;
  readonly chosen: string | undefined;
  readonly choose: (stage: string | undefined) => void;
}

/** The stages and what flows between them; a stage is a button that shows its details. */
export function PipelineGraph({ run, chosen, choose }: PipelineGraphProps): VNode {
  const { stages, edges } = run;
  const layout = useMemo(() => layOutGraph({ stages, edges }), [stages, edges]);
  const { width, height } = layout;
  return (
    <div class="graph" tabIndex={0} role="region" aria-label="Pipeline">
      <div class="graph-space" style={{ width: `${width}px`, height: `${height}px` }}>
        <svg width={width} height={height} aria-hidden="true">
          {layout.edges.map(({ from, to, path, kinds }) => (
            <path key={`${from} ${to}`} d={path} class={edgeClass(stages, from, to)}>
              <title>{kinds.join(", ")}</title>
            </path>
          ))}
        </svg>
        {layout.nodes.map(({ id, x, y }) => {
          const stage = stages.find((one) => one.id === id);
          if (stage === undefined) return null;
          return (
            <button
              key={id}
              type="button"
              class={`stage-node ${toneOf(stage.state)} ${stage.state}`}
              style={{
                left: `${x}px`,
                top: `${y}px`,
                width: `${NODE.width}px`,
                height: `${NODE.height}px`,
              }}
              aria-pressed={chosen === id}
              onClick={() => choose(chosen === id ? undefined : id)}
            >
              <b>{id}</b>
              <StageLine stage={stage} />
            </button>
          );
        })}
      </div>
    </div>
  );
}

function StageLine({ stage }: { readonly stage: StageState }): VNode {
  const { state, seconds, error, warnings } = stage;
  const task = state === "running" ? mainTask(stage) : undefined;
  const part = task === undefined ? undefined : share(task);
  const duration = seconds === undefined ? "" : ` · ${formatDuration(seconds)}`;
  return (
    <>
      <span class="stage-line">
        {task !== undefined && part !== undefined
          ? `${formatPercent(part)}${task.eta === undefined ? "" : ` · ${formatDuration(task.eta)} left`}`
          : `${state}${state === "waiting" ? "" : duration}`}
        {warnings > 0 && (
          <span class="warnings" title={`${warnings} warnings`}>
            {" "}
            ⚠ {warnings}
          </span>
        )}
      </span>
      {state === "running" && (
        <Bar
          label={task === undefined ? "at work" : `${task.task}: ${amount(task)}`}
          share={part}
        />
      )}
      {error !== undefined && <code>{error.code}</code>}
    </>
  );
}

function edgeClass(stages: readonly StageState[], from: string, to: string): string {
  const state = (id: string): string => stages.find((one) => one.id === id)?.state ?? "";
  if (state(to) === "running") return "edge active";
  return ["ok", "reused"].includes(state(from)) && ["ok", "reused"].includes(state(to))
    ? "edge done"
    : "edge";
}
