import { open, readdir, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { PreflightError, throwIfAborted } from "@moonlight-rl/core";
import { LineSplitter } from "../lines/line-splitter.ts";
import {
  parseDashboardLine,
  type DashboardRecord,
  type DashboardStream,
} from "./dashboard-record.ts";

/** A line that is no record of its stream; reading goes on behind it. */
export interface DashboardFault {
  readonly file: string;
  readonly byteOffset: number;
  readonly message: string;
}

export interface DashboardReaderOptions {
  /** Streams to read; the framework writes some thousands of lines a minute into `trajectories` and `engine_series`. */
  readonly streams?: readonly DashboardStream[];
  readonly onFault?: (fault: DashboardFault) => void;
  /** Where an earlier reader stopped. */
  readonly from?: DashboardPosition;
  readonly signal?: AbortSignal;
}

/** Bytes read of each file, by its path below the folder; plain JSON. */
export type DashboardPosition = Readonly<Record<string, number>>;

const DEFAULT_STREAMS: readonly DashboardStream[] = [
  "metrics",
  "phases",
  "gpu_util",
  "data_buffer",
];
const BLOCK = 1 << 18;
const MAX_LINE = 1 << 20;

/**
 * Reads the framework's dashboard files (`{dump-details}/dashboard`), which it only ever appends to: some are one file
 * (`metrics.jsonl`), some one an hour (`gpu_util/20260811_12.jsonl`). Each `poll` gives what has come since.
 */
export class DashboardReader {
  readonly #folder: string;
  readonly #onRecord: (record: DashboardRecord) => void;
  readonly #options: DashboardReaderOptions;
  readonly #offsets: Map<string, number>;

  constructor(
    folder: string,
    onRecord: (record: DashboardRecord) => void,
    options: DashboardReaderOptions = {},
  ) {
    this.#folder = folder;
    this.#onRecord = onRecord;
    this.#options = options;
    this.#offsets = new Map(Object.entries(options.from ?? {}));
  }

  /**
   * Reads what was appended since the last call; a line that is still being written waits for the next one.
   *
   * @returns how many records came
   * @throws PreflightError `DASHBOARD_UNREADABLE` when a file is there and cannot be read
   */
  async poll(): Promise<number> {
    let count = 0;
    for (const stream of this.#options.streams ?? DEFAULT_STREAMS) {
      for (const file of await this.#files(stream)) {
        throwIfAborted(this.#options.signal);
        count += await this.#read(stream, file);
      }
    }
    return count;
  }

  position(): DashboardPosition {
    return Object.fromEntries(this.#offsets);
  }

  /** In the order of their hours; a stream that was not written yet has none. */
  async #files(stream: DashboardStream): Promise<string[]> {
    const hours = await names(join(this.#folder, stream));
    const flat = await names(this.#folder);
    return [
      ...flat.filter((name) => name === `${stream}.jsonl`),
      ...hours
        .filter((name) => name.endsWith(".jsonl"))
        .sort()
        .map((name) => join(stream, name)),
    ];
  }

  async #read(stream: DashboardStream, file: string): Promise<number> {
    const path = join(this.#folder, file);
    let handle: FileHandle;
    try {
      handle = await open(path);
    } catch (cause) {
      throw new PreflightError(
        "DASHBOARD_UNREADABLE",
        `cannot read ${path}: ${(cause as Error).message}`,
        {
          file: path,
          cause,
        },
      );
    }
    try {
      const { size } = await handle.stat();
      let offset = this.#offsets.get(file) ?? 0;
      if (size < offset) {
        this.#options.onFault?.({
          file: path,
          byteOffset: size,
          message: `the file has become shorter than the ${offset} bytes that were read; it is read again`,
        });
        offset = 0;
      }
      let count = 0;
      const splitter = new LineSplitter(
        ({ text, offset: byteOffset, cut }) => {
          if (text === "") return;
          const parsed = parseDashboardLine(stream, text);
          if (!("fault" in parsed)) {
            count++;
            this.#onRecord(parsed);
          } else
            this.#options.onFault?.({
              file: path,
              byteOffset,
              message: cut > 0 ? `a line of more than ${MAX_LINE} bytes` : parsed.fault,
            });
        },
        { offset, maxLineBytes: MAX_LINE },
      );
      const block = Buffer.allocUnsafe(BLOCK);
      for (let at = offset; at < size;) {
        throwIfAborted(this.#options.signal);
        const { bytesRead } = await handle.read(block, 0, Math.min(BLOCK, size - at), at);
        if (bytesRead === 0) break;
        splitter.push(block.subarray(0, bytesRead));
        at += bytesRead;
      }
      this.#offsets.set(file, splitter.resumeOffset);
      return count;
    } finally {
      await handle.close();
    }
  }
}

async function names(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw new PreflightError(
      "DASHBOARD_UNREADABLE",
      `cannot read ${folder}: ${(error as Error).message}`,
      {
        file: folder,
        cause: error,
      },
    );
  }
}
