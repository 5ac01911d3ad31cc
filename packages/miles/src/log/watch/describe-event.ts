import type { LogEvent } from "../log-event.ts";

const MAX_LENGTH = 160;

/** An event in a few words, for “last was …”. */
export function describeEvent(event: LogEvent): string {
  const text = words(event).replaceAll(/\s+/g, " ").trim();
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH - 1)}…` : text;
}

function words(event: LogEvent): string {
  switch (event.kind) {
    case "rollout":
    case "perf":
    case "eval":
    case "multi-turn":
      return `${event.kind} ${event.rollout}: …`;
    case "step":
      return `${event.role === "actor" ? "" : `${event.role}-`}step ${event.step}: …`;
    case "eval-skipped":
      return `eval ${event.rollout} skipped: ${event.reason}`;
    case "timer":
      return `Timer ${event.name} ${event.edge}`;
    case "sample":
      return event.which === "eval"
        ? "first sample of an evaluation"
        : `${event.which} sample of a rollout`;
    case "placement":
      return event.gpus === undefined
        ? `bundle on ${event.node ?? "?"}, GPU ${event.gpu ?? "?"}`
        : `Creating placement group with ${event.gpus} GPUs`;
    case "engine":
      return event.detail;
    case "checkpoint":
      return `checkpoint ${event.action}${event.iteration === undefined ? "" : ` (iteration ${event.iteration})`}`;
    case "batch":
      return `${event.samples} samples ${event.action}`;
    case "abort":
      return `Abort request for ${event.urls.length} engines`;
    case "memory":
      return `memory ${event.label}`;
    case "retry":
      return `request to ${event.url} failed, try ${event.attempt} of ${event.attempts}`;
    case "structured":
      return Object.entries(event.fields)
        .map(([key, value]) => `${key}=${value}`)
        .join(" ");
    case "progress":
      return `${event.task} ${event.done}/${event.total}`;
    case "exit":
      return event.text;
    case "failure":
      return event.exception === undefined ? event.message : `${event.exception}: ${event.message}`;
    default:
      return event.text;
  }
}
