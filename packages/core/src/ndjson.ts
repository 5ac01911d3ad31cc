import {
  closeSync,
  createReadStream,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  writeSync,
} from "node:fs";
import { createInterface } from "node:readline";
import { VerificationError } from "./error.ts";

/** Reads newline-delimited JSON; a torn last line (a crash in mid-write) is dropped, any other bad line is an error. */
export async function* readNdjson(path: string): AsyncGenerator<unknown> {
  const lines = createInterface({
    input: createReadStream(path),
    crlfDelay: Number.POSITIVE_INFINITY,
  });
  let number = 0;
  let torn: { line: number; cause: unknown } | undefined;
  for await (const line of lines) {
    number++;
    if (torn !== undefined) {
      throw new VerificationError("NDJSON_CORRUPT", `${path}: line ${torn.line} is not JSON`, {
        file: path,
        cause: torn.cause,
      });
    }
    if (line === "") continue;
    try {
      yield JSON.parse(line) as unknown;
    } catch (cause) {
      torn = { line: number, cause };
    }
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
