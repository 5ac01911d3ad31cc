import { createReadStream } from "node:fs";
import { addAbortSignal, type Readable } from "node:stream";
import { PreflightError, throwIfAborted } from "@moonlight-rl/core";
import {
  LogReader,
  Watch,
  type LogEvent,
  type WatchEvent,
  type WatchOptions,
} from "@moonlight-rl/miles";

export interface JobLogOptions extends Omit<WatchOptions, "now"> {
  readonly signal: AbortSignal;
  readonly onEvent: (event: LogEvent) => void;
  readonly onFinding: (event: WatchEvent) => void;
}

export interface JobLogEnd {
  readonly watch: Watch;
  readonly bytes: number;
  /** Between the first and the last stamp in the log. */
  readonly seconds: number;
}

/**
 * Reads a job's log from a file or from standard input ("-"). Time is the log's own: a gap between two stamps is a
 * silence of the job, however fast the file is read.
 *
 * @throws PreflightError `FILE_UNREADABLE`
 */
export async function readJobLog(path: string, options: JobLogOptions): Promise<JobLogEnd> {
  const clock = new LogClock();
  const watch = new Watch(options.onFinding, { ...options, now: () => clock.now });
  const reader = new LogReader((event) => {
    if (clock.advance(event.time)) watch.tick();
    watch.observe(event);
    options.onEvent(event);
  });
  const { signal } = options;
  const source: Readable =
    path === "-" ? process.stdin : createReadStream(path, { highWaterMark: 1 << 20 });
  try {
    // Standard input may stay open for ever: an interrupt has to end the wait for it.
    for await (const chunk of addAbortSignal(signal, source)) reader.push(chunk as Buffer);
  } catch (cause) {
    throwIfAborted(signal);
    throw new PreflightError(
      "FILE_UNREADABLE",
      `cannot read ${path}: ${(cause as Error).message}`,
      {
        file: path,
        hint: "Name a file with the job's log, or - for standard input.",
        cause,
      },
    );
  }
  reader.end();
  return { watch, bytes: reader.bytes, seconds: clock.now / 1000 };
}

/** The latest stamp of the log, as milliseconds since its first. */
class LogClock {
  now = 0;
  #first: number | undefined;

  /** Whether time has passed. Stamps have no zone; only their differences are used. */
  advance(stamp: string | undefined): boolean {
    if (stamp === undefined) return false;
    const time = Date.parse(`${stamp.replace(" ", "T")}Z`);
    if (Number.isNaN(time)) return false;
    this.#first ??= time;
    const now = time - this.#first;
    if (now <= this.now) return false;
    this.now = now;
    return true;
  }
}
