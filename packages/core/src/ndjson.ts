import {
  closeSync,
  createReadStream,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  writeSync,
} from "node:fs";
import { VerificationError } from "./error.ts";

/**
 * Reads newline-delimited JSON. A last line without its newline (a crash in mid-write) is dropped, as
 * `NdjsonWriter` cuts it off; any other line that is not JSON is an error. Lines end at "\n" and nowhere else:
 * JSON text may hold U+2028, which line readers for people break at.
 */
export async function* readNdjson(path: string): AsyncGenerator<unknown> {
  let rest = "";
  let number = 0;
  let offset = 0;
  for await (const block of createReadStream(path, { encoding: "utf8", highWaterMark: 1 << 18 })) {
    const lines = (rest + (block as string)).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      number++;
      if (line !== "") yield parseLine(line, path, number, offset);
      offset += Buffer.byteLength(line) + 1;
    }
  }
}

function parseLine(line: string, path: string, number: number, byteOffset: number): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch (cause) {
    throw new VerificationError("NDJSON_CORRUPT", `${path}: line ${number} is not JSON`, {
      file: path,
      byteOffset,
      cause,
    });
  }
}

/** Appends JSON lines to a file; a torn last line from an earlier crash is cut off on opening. */
export class NdjsonWriter {
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, "a+");
    const content = readFileSync(this.#file);
    const end = content.lastIndexOf(0x0a) + 1;
    if (end < content.length) ftruncateSync(this.#file, end);
  }

  /** `durable` waits until the line is on the disk. */
  append(value: unknown, options: { readonly durable?: boolean } = {}): void {
    writeSync(this.#file, JSON.stringify(value) + "\n");
    if (options.durable) fsyncSync(this.#file);
  }

  close(): void {
    closeSync(this.#file);
  }
}
