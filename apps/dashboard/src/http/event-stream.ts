import { eventSchema } from "@moonlight-rl/core";
import { isLineStart, linesFrom, sizeOf } from "../files/tail.ts";

export interface EventStreamOptions {
  readonly file: string;
  /** Position after a line; "end": only what comes. */
  readonly from: number | "end";
  readonly types: ReadonlySet<string> | undefined;
  /** Aborts when the server stops. */
  readonly signal: AbortSignal;
}

const POLL_MS = 250;
const HEARTBEAT_MS = 15_000;

/**
 * The events of a file as server-sent events, from a position on and for as long as somebody listens. The id of a message is the
 * position after its line, so that a reader who comes back with it misses nothing and gets nothing twice. Reads no faster than the
 * reader takes it.
 */
export function eventStream(options: EventStreamOptions): ReadableStream<Uint8Array> {
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const text = new TextEncoder();
  const messages = messagesOf(options, signal);
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await messages.next();
      if (done === true) controller.close();
      else controller.enqueue(text.encode(value));
    },
    async cancel() {
      stop.abort();
      await messages.return();
    },
  });
}

async function* messagesOf(
  { file, from, types }: EventStreamOptions,
  signal: AbortSignal,
): AsyncGenerator<string, void> {
  let position = from === "end" ? await lastLineEnd(file) : from;
  if (!(await isLineStart(file, position))) {
    yield "event: lost\ndata: {}\n\n";
    return;
  }
  yield ": moonlight\nretry: 1000\n\n";
  let spoke = Date.now();
  while (!signal.aborted) {
    if ((await sizeOf(file)) < position) {
      yield "event: lost\ndata: {}\n\n";
      return;
    }
    for await (const line of linesFrom(file, position, signal)) {
      position = line.end;
      if (!isWanted(line.text, types)) continue;
      spoke = Date.now();
      yield `id: ${position}\ndata: ${line.text}\n\n`;
    }
    if (Date.now() - spoke >= HEARTBEAT_MS) {
      spoke = Date.now();
      yield ": still here\n\n";
    }
    await pause(POLL_MS, signal);
  }
}

function isWanted(line: string, types: ReadonlySet<string> | undefined): boolean {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return false;
  }
  const event = eventSchema.safeParse(value);
  return event.success && (types === undefined || types.has(event.data.type));
}

async function lastLineEnd(file: string): Promise<number> {
  // A line that is being written counts as still to come: look for the newline from the end on.
  let position = await sizeOf(file);
  while (position > 0 && !(await isLineStart(file, position))) position--;
  return position;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    if (signal.aborted) done();
    else signal.addEventListener("abort", done);
  });
}
