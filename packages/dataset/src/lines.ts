import { throwIfAborted, VerificationError } from "@moonlight-rl/core";
import { openFile } from "./open-file.ts";

/** A line of a text file. */
export interface Line {
  /** From 1. */
  readonly number: number;
  /** Of its first byte in the file. */
  readonly byteOffset: number;
  readonly text: string;
}

/** A longer line is not a row but a broken file. */
const LONGEST_LINE = 16 << 20;

/**
 * The lines of a UTF-8 file, blank ones left out; at most one line (of at most `longestLine` bytes, default 16 MiB) and one block are
 * in memory. Errors: `DATASET_FILE_UNREADABLE`, `DATASET_LINE_TOO_LONG`, `DATASET_ENCODING`.
 */
export async function* readLines(
  file: string,
  {
    signal,
    longestLine = LONGEST_LINE,
  }: { readonly signal?: AbortSignal; readonly longestLine?: number } = {},
): AsyncGenerator<Line> {
  let parts: Buffer[] = [];
  let length = 0;
  let start = 0;
  let number = 0;
  const take = (): Line | undefined => {
    number++;
    const line = lineOf(Buffer.concat(parts), number, start, file);
    start += length + 1;
    parts = [];
    length = 0;
    return line.text.trim() === "" ? undefined : line;
  };
  const handle = await openFile(file);
  for await (const value of handle.createReadStream({ highWaterMark: 1 << 20 })) {
    if (signal !== undefined) throwIfAborted(signal);
    const block = value as Buffer;
    let from = 0;
    for (let end = block.indexOf(10); end !== -1; end = block.indexOf(10, from)) {
      parts.push(block.subarray(from, end));
      length += end - from;
      from = end + 1;
      const line = take();
      if (line !== undefined) yield line;
    }
    parts.push(block.subarray(from));
    length += block.length - from;
    if (length > longestLine)
      throw new VerificationError(
        "DATASET_LINE_TOO_LONG",
        `${file}, line ${number + 1} is longer than ${longestLine >> 20} MiB.`,
        {
          file,
          byteOffset: start,
          hint: "One JSON object a line is expected; is it another format?",
        },
      );
  }
  const last = length > 0 ? take() : undefined;
  if (last !== undefined) yield last;
}

const decoder = new TextDecoder("utf-8", { fatal: true });

function lineOf(bytes: Buffer, number: number, byteOffset: number, file: string): Line {
  try {
    return { number, byteOffset, text: decoder.decode(bytes) };
  } catch (cause) {
    throw new VerificationError("DATASET_ENCODING", `${file}, line ${number} is not UTF-8.`, {
      file,
      byteOffset,
      cause,
    });
  }
}
