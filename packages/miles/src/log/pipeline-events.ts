import { toMetricValue, type EventInput } from "@moonlight-rl/core";
import type { LogEvent, Metrics } from "./log-event.ts";
import type { WatchEvent } from "./watch/watch-event.ts";

export interface PipelineEventOptions {
  /** Optimizer steps a rollout: step reports get a place between two rollouts. Default 1. */
  readonly stepsPerRollout?: number;
}

/** Figures whose step is told by the event itself. */
const AXES = new Set(["train/step", "rollout/step", "eval/step"]);

/**
 * A log event as events of the pipeline's stream. The axis of all curves is the rollout: step 5 of 4 a rollout stands
 * at 1.25. Lines without a meaning of their own give nothing; they are in the job's log.
 */
export function pipelineEvents(
  event: LogEvent,
  { stepsPerRollout = 1 }: PipelineEventOptions = {},
): readonly EventInput[] {
  switch (event.kind) {
    case "rollout":
    case "perf":
    case "eval":
    case "multi-turn":
      return metric(event.rollout, event.values);
    case "step":
      return metric(event.step / stepsPerRollout, event.values);
    case "eval-skipped":
      return [
        {
          type: "warning",
          code: "EVAL_SKIPPED",
          message: `evaluation after rollout ${event.rollout} was skipped: ${event.reason}`,
        },
      ];
    case "progress":
      return [
        {
          type: "progress",
          task: event.task,
          done: event.done,
          total: event.total,
          unit: "samples",
          part: true,
        },
      ];
    case "checkpoint":
      return event.action === "saved" && event.iteration !== undefined
        ? [{ type: "log", message: `checkpoint of iteration ${event.iteration} saved` }]
        : [];
    default:
      return [];
  }
}

/** What a watch finds, as events of the pipeline's stream. */
export function watchPipelineEvents(event: WatchEvent): readonly EventInput[] {
  switch (event.type) {
    case "phase":
      return [{ type: "log", message: `phase ${event.phase}` }];
    case "alarm":
      return event.state === "raised"
        ? [
            {
              type: "warning",
              code: code("ALARM", event.id),
              message: event.message,
              hint: event.look,
            },
          ]
        : [{ type: "log", message: event.message }];
    case "hang":
      return event.state === "hung"
        ? [
            {
              type: "warning",
              code: code("HANG", event.phase),
              message: event.message,
              hint: event.look,
            },
          ]
        : [{ type: "log", message: event.message }];
    default:
      return [
        {
          type: "warning",
          code: code("FAILURE", event.failure.category),
          message: `${event.failure.exception === undefined ? "" : `${event.failure.exception}: `}${event.failure.message}`,
          hint: event.advice,
        },
      ];
  }
}

function metric(step: number, values: Metrics): readonly EventInput[] {
  const told = Object.entries(values).filter(([name]) => !AXES.has(name));
  if (told.length === 0) return [];
  return [
    {
      type: "metric",
      step,
      values: Object.fromEntries(told.map(([name, value]) => [name, toMetricValue(value)])),
    },
  ];
}

function code(kind: string, name: string): string {
  return `${kind}_${name.replaceAll("-", "_").toUpperCase()}`;
}
