import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  writeSync,
} from "node:fs";
import { VerificationError } from "./error.ts";
import type { Emit, EventInput } from "./event.ts";

/** Name of the file with a training run's curves and samples, beside its checkpoints. */
export const HISTORY_FILE = "history.ndjson";

/** What the history keeps: the curves and the samples that were shown. */
export type HistoryEvent = Extract<EventInput, { readonly type: "metric" | "sample" }>;

/** Timings differ from run to run; the history is part of an artifact and must not. */
const VOLATILE = /^perf\//;

/**
 * The run's metric and sample events as NDJSON, beside the checkpoints. On resume it is cut back to what belonged to the loaded
 * checkpoint, so that it ends up the same as in an undisturbed run.
 */
export class History {
  readonly #file: number;
  readonly #emit: Emit;

  /** `bytes`: how much of an existing file to keep. */
  constructor(path: string, bytes: number, emit: Emit) {
    if (bytes > 0 && (!existsSync(path) || readFileSync(path).byteLength < bytes)) {
      throw new VerificationError(
        "HISTORY_TRUNCATED",
        `${path} is shorter than the checkpoint says.`,
        { file: path, hint: "Delete the save folder to train from the start." },
      );
    }
    this.#file = openSync(path, "a");
    ftruncateSync(this.#file, bytes);
    this.#emit = emit;
  }

  record(event: HistoryEvent): void {
    this.#emit(event);
    const kept =
      event.type === "metric"
        ? {
            ...event,
            values: Object.fromEntries(
              Object.entries(event.values).filter(([name]) => !VOLATILE.test(name)),
            ),
          }
        : event;
    writeSync(this.#file, JSON.stringify(kept) + "\n");
  }

  /** Bytes of the file. */
  get size(): number {
    return fstatSync(this.#file).size;
  }

  /** Makes what was recorded durable and says how long the file is. */
  flush(): number {
    fsyncSync(this.#file);
    return fstatSync(this.#file).size;
  }

  close(): void {
    closeSync(this.#file);
  }
}
