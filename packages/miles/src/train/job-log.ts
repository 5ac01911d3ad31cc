import { closeSync, createReadStream, existsSync, openSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { hashFile, onDiskSync, type Emit, type History } from "@moonlight-rl/core";
import { LogReader } from "../log/log-reader.ts";
import type { FailureEvent, LogEvent } from "../log/log-event.ts";
import { failureRank } from "../log/message/classify-failure.ts";
import type { LogCursor } from "../ray/log-position.ts";
import { Curves } from "./curves.ts";
import type { RunRecord } from "./run-record.ts";

export interface JobLogOptions {
  readonly stateDir: string;
  readonly attempt: number;
  /** Where the reader of an earlier process stood. */
  readonly from: RunRecord["log"];
  readonly history: History;
  readonly stepsPerRollout: number;
  readonly numRollout: number;
  readonly emit: Emit;
  /** Sees every event of the log, in order. */
  readonly observe: (event: LogEvent) => void;
}

/** The log of one job: kept as a file byte for byte, read as it comes, its figures in the run's history. */
export class JobLog {
  readonly file: string;
  readonly #handle: number;
  readonly #reader: LogReader;
  readonly #history: History;
  readonly #curves: Curves;
  readonly #observe: (event: LogEvent) => void;
  #failure: FailureEvent | undefined;
  #stand: RunRecord["log"];

  private constructor(options: JobLogOptions) {
    const { history, emit, numRollout, from } = options;
    this.file = logFileOf(options.stateDir, options.attempt);
    this.#handle = openSync(this.file, "a");
    this.#history = history;
    this.#observe = options.observe;
    this.#stand = from;
    this.#curves = new Curves({
      stepsPerRollout: options.stepsPerRollout,
      onPoint: (point) => history.record(point),
      onRollout: (done) =>
        emit({ type: "progress", task: "rollouts", done, total: numRollout, unit: "rollouts" }),
      onOther: emit,
    });
    this.#reader = new LogReader(
      (event) => this.#onEvent(event),
      from === undefined ? {} : { from: from.position },
    );
  }

  /** Opens the log of an attempt; what an earlier process has of it is read again from where its reader stood. */
  static async open(
    options: JobLogOptions,
  ): Promise<{ log: JobLog; cursor: LogCursor | undefined }> {
    const file = logFileOf(options.stateDir, options.attempt);
    const size = existsSync(file) ? statSync(file).size : 0;
    const log = new JobLog(options);
    if (size === 0) return { log, cursor: undefined };
    const start = Math.min(options.from?.position.offset ?? 0, size);
    if (start < size)
      for await (const block of createReadStream(file, { start, end: size - 1 }))
        log.#reader.push(block as Buffer);
    return { log, cursor: { offset: size, sha256: (await hashFile(file)).sha256 } };
  }

  push(bytes: Uint8Array): void {
    onDiskSync(this.file, () => writeAll(this.#handle, bytes));
    this.#reader.push(bytes);
    this.#settle();
  }

  /** Nothing has come for a while. */
  idle(): void {
    this.#reader.idle();
    this.#settle();
  }

  /** The job has ended. */
  end(): void {
    this.#reader.end();
    this.#curves.end();
    this.#settle();
  }

  /** What a later process needs to go on; the history is on the disk up to there. */
  stand(): RunRecord["log"] {
    return this.#stand;
  }

  /** What most likely ended the job. */
  get failure(): FailureEvent | undefined {
    return this.#failure;
  }

  /** Optimizer steps of the run by the framework's count; undefined: none was reported. */
  get steps(): number | undefined {
    return this.#curves.steps;
  }

  close(): void {
    closeSync(this.#handle);
  }

  #onEvent(event: LogEvent): void {
    this.#curves.observe(event);
    if (event.kind === "failure" && !event.handled) {
      const rank = (one: FailureEvent): number => failureRank(one.category);
      if (this.#failure === undefined || rank(event) < rank(this.#failure)) this.#failure = event;
    }
    this.#observe(event);
  }

  /** A later process goes on from where no step waits for the rest of its rollout. */
  #settle(): void {
    if (this.#curves.settled)
      this.#stand = { position: copy(this.#reader.position()), historyBytes: this.#history.size };
  }
}

/** Where the log of the run's Nth job is kept. */
export function logFileOf(stateDir: string, attempt: number): string {
  return join(stateDir, `job-${attempt}.log`);
}

function writeAll(handle: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.byteLength;) done += writeSync(handle, bytes, done);
}

function copy(
  position: ReturnType<LogReader["position"]>,
): NonNullable<RunRecord["log"]>["position"] {
  return { ...position, pending: [...position.pending], steps: { ...position.steps } };
}
