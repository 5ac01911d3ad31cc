import { open, stat, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { VerificationError } from "../error.ts";
import { validate } from "../validate.ts";
import {
  recordedSampleSchema,
  ROLLOUT_INDEX,
  rolloutFile,
  rolloutHeaderSchema,
  rolloutLineSchema,
  type RecordedGroup,
  type RecordedSample,
  type RolloutHeader,
  type RolloutIndexLine,
} from "./record.ts";

/**
 * Reads what a `RolloutRecorder` wrote, also while it writes. The index stays in memory (about 100 bytes and 12 for each group,
 * for each rollout); of a rollout's file only what is asked for is read.
 */
export class RolloutReader {
  readonly folder: string;
  #lines: RolloutIndexLine[] = [];
  #read = 0;
  #identity = "";
  #reading: Promise<void> = Promise.resolve();

  constructor(folder: string) {
    this.folder = folder;
  }

  /** The rollouts that are there, in their order; reads what was added since. None when there is no index. */
  async rollouts(): Promise<readonly RolloutIndexLine[]> {
    this.#reading = this.#reading.catch(() => undefined).then(() => this.#refresh());
    await this.#reading;
    return this.#lines;
  }

  async header({ rollout, headerBytes }: RolloutIndexLine): Promise<RolloutHeader> {
    const file = join(this.folder, rolloutFile(rollout));
    return readWith(file, async (handle) =>
      validate(rolloutHeaderSchema, parse(await readAt(handle, file, 0, headerBytes), file, 0), {
        what: "rollout",
        code: "ROLLOUT_INVALID",
        content: true,
        file,
      }),
    );
  }

  /** Samples of one group by their positions within it. */
  async samples(
    line: RolloutIndexLine,
    header: RolloutHeader,
    group: RecordedGroup,
    wanted: readonly number[],
  ): Promise<RecordedSample[]> {
    const file = join(this.folder, rolloutFile(line.rollout));
    let at = line.headerBytes;
    for (const before of header.groups) {
      if (before.group === group.group) break;
      at += total(before.bytes);
    }
    return readWith(file, async (handle) => {
      const samples: RecordedSample[] = [];
      for (const index of wanted) {
        const offset = at + total(group.bytes.slice(0, index));
        const text = await readAt(handle, file, offset, group.bytes[index] ?? 0);
        samples.push(
          validate(recordedSampleSchema, parse(text, file, offset), {
            what: "sample",
            code: "ROLLOUT_INVALID",
            content: true,
            many: true,
            file,
          }),
        );
      }
      return samples;
    });
  }

  async #refresh(): Promise<void> {
    const file = join(this.folder, ROLLOUT_INDEX);
    const found = await stat(file, { bigint: true }).catch(() => undefined);
    if (found === undefined) {
      this.#lines = [];
      this.#read = 0;
      return;
    }
    // A resumed run writes its index anew.
    const identity = `${found.ino} ${found.birthtimeNs}`;
    if (identity !== this.#identity || Number(found.size) < this.#read) {
      this.#lines = [];
      this.#read = 0;
      this.#identity = identity;
    }
    const more = Number(found.size) - this.#read;
    if (more === 0) return;
    const text = await readWith(file, (handle) => readAt(handle, file, this.#read, more));
    // What is after the last newline is still being written, or torn.
    const end = text.lastIndexOf(0x0a) + 1;
    const added: RolloutIndexLine[] = [];
    let start = 0;
    while (start < end) {
      const next = text.indexOf(0x0a, start) + 1;
      const value = parse(text.subarray(start, next), file, this.#read + start);
      added.push(
        validate(rolloutLineSchema, value, {
          what: ROLLOUT_INDEX,
          code: "ROLLOUT_INVALID",
          content: true,
          many: true,
          file,
        }),
      );
      start = next;
    }
    this.#lines = [...this.#lines, ...added];
    this.#read += end;
  }
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

async function readWith<T>(file: string, use: (handle: FileHandle) => Promise<T>): Promise<T> {
  const handle = await open(file, "r").catch((cause: unknown) => {
    throw new VerificationError("ROLLOUT_INVALID", `Cannot read ${file}.`, { file, cause });
  });
  try {
    return await use(handle);
  } finally {
    await handle.close();
  }
}

async function readAt(
  handle: FileHandle,
  file: string,
  offset: number,
  length: number,
): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let got = 0;
  while (got < length) {
    const { bytesRead } = await handle.read(buffer, got, length - got, offset + got);
    if (bytesRead === 0) {
      throw new VerificationError("ROLLOUT_INVALID", `${file} is shorter than its index says.`, {
        file,
        byteOffset: offset + got,
      });
    }
    got += bytesRead;
  }
  return buffer;
}

function parse(text: Buffer, file: string, byteOffset: number): unknown {
  try {
    return JSON.parse(text.toString("utf8")) as unknown;
  } catch (cause) {
    throw new VerificationError("ROLLOUT_INVALID", `${file} holds a line that is not JSON.`, {
      file,
      byteOffset,
      cause,
    });
  }
}
