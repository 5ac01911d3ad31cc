import { open, stat, type FileHandle } from "node:fs/promises";

/** A line of a file: its text without the newline, and where it lies. */
export interface Line {
  readonly text: string;
  readonly offset: number;
  /** Position after its newline. */
  readonly end: number;
}

const BLOCK = 1 << 18;

/**
 * The whole lines of a growing file from a position on. What is after the last newline is still being written, or torn, and is
 * not given. A line may be longer than a block; memory is a block or the longest line.
 *
 * @param from a position after a newline, or 0
 */
export async function* linesFrom(
  path: string,
  from: number,
  signal?: AbortSignal,
): AsyncGenerator<Line> {
  const handle = await openIfThere(path);
  if (handle === undefined) return;
  try {
    let rest = Buffer.alloc(0);
    let offset = from;
    const block = Buffer.allocUnsafe(BLOCK);
    for (let at = from; ;) {
      if (signal?.aborted === true) return;
      const { bytesRead } = await handle.read(block, 0, BLOCK, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      const data = Buffer.concat([rest, block.subarray(0, bytesRead)]);
      let start = 0;
      for (let end = data.indexOf(0x0a); end !== -1; end = data.indexOf(0x0a, start)) {
        const text = data.toString("utf8", start, end);
        yield { text, offset, end: offset + end + 1 - start };
        offset += end + 1 - start;
        start = end + 1;
      }
      rest = data.subarray(start);
    }
  } finally {
    await handle.close();
  }
}

/** Reads spans of a file with one handle. */
export async function readSpans(
  path: string,
  spans: readonly { readonly offset: number; readonly length: number }[],
): Promise<string[]> {
  if (spans.length === 0) return [];
  const handle = await open(path, "r");
  try {
    const texts: string[] = [];
    for (const { offset, length } of spans) {
      const buffer = Buffer.alloc(length);
      const { bytesRead } = await handle.read(buffer, 0, length, offset);
      texts.push(buffer.toString("utf8", 0, bytesRead));
    }
    return texts;
  } finally {
    await handle.close();
  }
}

/** Whether a position is the beginning of a line of the file as it is now. */
export async function isLineStart(path: string, position: number): Promise<boolean> {
  if (position === 0) return true;
  const handle = await openIfThere(path);
  if (handle === undefined) return false;
  try {
    const before = Buffer.alloc(1);
    const { bytesRead } = await handle.read(before, 0, 1, position - 1);
    return bytesRead === 1 && before[0] === 0x0a;
  } finally {
    await handle.close();
  }
}

export async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
