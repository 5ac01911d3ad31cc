import { runFiles } from "@moonlight-rl/pipeline";
import { formatDuration, type MoonlightEvent } from "@moonlight-rl/core";
import type { z } from "zod";
import type { LogsAnswer, logsQuery } from "../api/logs.ts";
import { readSpans } from "../files/tail.ts";
import { parseEvent, type LogSpan } from "./event-index.ts";
import type { RunView } from "./run-view.ts";

type LogLine = LogsAnswer["items"][number];

/** Lines that are read at once while searching. */
const BATCH = 1_000;

export async function readLogs(
  view: RunView,
  { offset, limit, stage, level, search, tail }: z.output<typeof logsQuery>,
): Promise<LogsAnswer> {
  const { logs } = await view.events.refresh();
  const { events } = runFiles(view.workspace, view.id);
  const chosen = logs.filter(
    (span) =>
      (stage === undefined || span.stage === stage) &&
      (level === undefined || span.level === level),
  );
  const wanted = search === undefined ? chosen : await matching(events, chosen, search);
  const start = tail === "true" ? Math.max(0, wanted.length - limit) : offset;
  const lines = await read(events, wanted.slice(start, start + limit));
  return { total: wanted.length, offset: start, items: lines };
}

async function matching(
  file: string,
  spans: readonly LogSpan[],
  search: string,
): Promise<LogSpan[]> {
  const found: LogSpan[] = [];
  const needle = search.toLowerCase();
  for (let i = 0; i < spans.length; i += BATCH) {
    const batch = spans.slice(i, i + BATCH);
    const lines = await read(file, batch);
    found.push(
      ...batch.filter((_, j) =>
        `${lines[j]?.code ?? ""} ${lines[j]?.message ?? ""}`.toLowerCase().includes(needle),
      ),
    );
  }
  return found;
}

async function read(file: string, spans: readonly LogSpan[]): Promise<LogLine[]> {
  const texts = await readSpans(file, spans);
  return texts.map((text, i): LogLine => {
    const event = parseEvent(text);
    const level = spans[i]?.level ?? "info";
    if (event === undefined) return { time: new Date(0).toISOString(), level, message: text };
    const { time, stage } = event;
    return { time, level, ...(stage === undefined ? {} : { stage }), ...told(event) };
  });
}

function told(event: MoonlightEvent): Pick<LogLine, "message" | "code" | "hint"> {
  switch (event.type) {
    case "warning":
      return fault(event);
    case "stage.failed":
      return fault(event.error);
    case "run.finished":
      return event.error === undefined
        ? { message: `run ${event.status} after ${formatDuration(event.seconds)}` }
        : fault(event.error);
    case "run.started":
      return { message: event.resumed ? "run resumed" : "run started" };
    case "stage.started":
      return { message: `started${event.reason === undefined ? "" : `: ${event.reason}`}` };
    case "stage.reused":
      return { message: `reused (took ${formatDuration(event.seconds)})` };
    case "stage.finished":
      return { message: `finished after ${formatDuration(event.seconds)}` };
    case "log":
      return { message: event.message };
    default:
      return { message: event.type };
  }
}

function fault({
  code,
  message,
  hint,
}: {
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
}): Pick<LogLine, "message" | "code" | "hint"> {
  return { code, message, ...(hint === undefined ? {} : { hint }) };
}
