import { isAscii } from "node:buffer";
import { UsageError } from "@moonlight-rl/core";

/** A line of the stream, without its end. */
export interface RawLine {
  readonly text: string;
  /** Offset of its first byte in the stream. */
  readonly offset: number;
  /** Bytes beyond the bound that were read over. */
  readonly cut: number;
  /** It ended with a carriage return alone: a bar that was drawn over. */
  readonly redrawn: boolean;
  /** It stands behind such a carriage return, in the same line as what came before. */
  readonly redraws: boolean;
}

export interface LineSplitterOptions {
  /** Offset of the first byte that will be pushed; a line starts there. Default 0. */
  readonly offset?: number;
  /** That line stands behind a carriage return: `redraws` of the splitter that stopped there. */
  readonly redraws?: boolean;
  /** Longest line that is kept whole, in bytes; of a longer one the beginning. Default 256 KiB. */
  readonly maxLineBytes?: number;
}

const NOTHING = Buffer.alloc(0);
const LF = 0x0a;
const CR = 0x0d;
/** Bytes that are decoded at once. Each line is a view of them in V8: who remembers one for long takes `ownText`. */
const DECODED = 1 << 14;

/**
 * Cuts a stream of bytes into lines. Ends are LF, CR LF and CR alone (progress bars), torn anywhere. Memory is one
 * line of at most `maxLineBytes`, whatever is pushed; the caller may reuse its chunk afterwards. Bytes that are not
 * UTF-8 become U+FFFD, and a line that is cut is cut between characters.
 */
export class LineSplitter {
  readonly #onLine: (line: RawLine) => void;
  readonly #max: number;
  /** Beginning of the line that no chunk has ended yet. */
  #carry: Buffer = NOTHING;
  #carried = 0;
  /** Bytes of that line that did not fit. */
  #cut = 0;
  #lineStart: number;
  #position: number;
  /** The last byte was a carriage return: what it ends depends on the next one. */
  #pendingReturn = false;
  #redraws: boolean;

  constructor(onLine: (line: RawLine) => void, options: LineSplitterOptions = {}) {
    const { offset = 0, maxLineBytes = 1 << 18, redraws = false } = options;
    if (!Number.isSafeInteger(maxLineBytes) || maxLineBytes < 16)
      throw new UsageError("LOG_LINE_BOUND", `maxLineBytes ${maxLineBytes} is not from 16 on`, {
        field: "maxLineBytes",
      });
    this.#onLine = onLine;
    this.#max = maxLineBytes;
    this.#redraws = redraws;
    this.#lineStart = offset;
    this.#position = offset;
  }

  /** Bytes of the stream that were pushed, counted from its beginning. */
  get position(): number {
    return this.#position;
  }

  /** Where the unfinished line starts: reading goes on from here, in another process, without loss or repeat. */
  get resumeOffset(): number {
    return this.#lineStart;
  }

  /** Whether the unfinished line stands behind a carriage return. */
  get redraws(): boolean {
    return this.#redraws;
  }

  push(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const { length } = bytes;
    const base = this.#position;
    let start = 0;
    if (length > 0 && this.#pendingReturn) {
      this.#pendingReturn = false;
      const feed = bytes[0] === LF;
      start = feed ? 1 : 0;
      this.#emit(bytes, 0, 0, !feed);
      this.#lineStart = base + start;
    }
    // Most chunks have no carriage return: looked for once, not once a line.
    let nextReturn = indexOrEnd(bytes, CR, start);
    let ascii = true;
    while (start < length) {
      if (ascii && this.#carried === 0) {
        const after = this.#emitAscii(bytes, start, Math.min(nextReturn, start + DECODED), base);
        ascii = after !== undefined;
        if (after !== undefined && after > start) {
          start = after;
          continue;
        }
      }
      const feed = indexOrEnd(bytes, LF, start);
      const end = Math.min(feed, nextReturn);
      if (end === length) break;
      if (end === length - 1 && end === nextReturn) {
        this.#keep(bytes, start, end);
        this.#pendingReturn = true;
        start = length;
        break;
      }
      const redrawn = end === nextReturn && feed !== end + 1;
      this.#emit(bytes, start, end, redrawn);
      start = redrawn ? end + 1 : feed + 1;
      this.#lineStart = base + start;
      if (nextReturn < start) nextReturn = indexOrEnd(bytes, CR, start);
    }
    if (start < length) this.#keep(bytes, start, length);
    this.#position = base + length;
  }

  /** The stream is over: a last line without its end is a line. */
  end(): void {
    if (this.#position > this.#lineStart) this.#emit(NOTHING, 0, 0, this.#pendingReturn);
    this.#pendingReturn = false;
    this.#lineStart = this.#position;
  }

  /**
   * Whole lines up to `limit` that end with a line feed, decoded together: most of a log. Gives the index behind the last one,
   * `start` where there is none, undefined where bytes are not characters.
   */
  #emitAscii(bytes: Buffer, start: number, limit: number, base: number): number | undefined {
    if (limit <= start || this.#redraws) return start;
    const end = bytes.lastIndexOf(LF, limit - 1) + 1;
    if (end <= start) return start;
    if (!isAscii(bytes.subarray(start, end))) return undefined;
    const lines = bytes.toString("latin1", start, end);
    let from = 0;
    for (let feed = lines.indexOf("\n"); feed !== -1; feed = lines.indexOf("\n", from)) {
      if (feed - from > this.#max) return start + from;
      this.#onLine({
        text: lines.slice(from, feed),
        offset: this.#lineStart,
        cut: 0,
        redrawn: false,
        redraws: false,
      });
      from = feed + 1;
      this.#lineStart = base + start + from;
    }
    return end;
  }

  #emit(bytes: Buffer, start: number, end: number, redrawn: boolean): void {
    const redraws = this.#redraws;
    this.#redraws = redrawn;
    // A bar is drawn as "\r…": before its first picture there is nothing.
    if (redrawn && end === start && this.#carried === 0) return;
    if (this.#carried === 0 && end - start <= this.#max) {
      this.#onLine({
        text: bytes.toString(undefined, start, end),
        offset: this.#lineStart,
        cut: 0,
        redrawn,
        redraws,
      });
      return;
    }
    this.#keep(bytes, start, end);
    const kept = this.#cut === 0 ? this.#carried : characterEnd(this.#carry, this.#carried);
    this.#onLine({
      text: this.#carry.toString(undefined, 0, kept),
      offset: this.#lineStart,
      cut: this.#cut + this.#carried - kept,
      redrawn,
      redraws,
    });
    this.#carried = 0;
    this.#cut = 0;
  }

  #keep(bytes: Buffer, start: number, end: number): void {
    const room = Math.min(end - start, this.#max - this.#carried);
    const needed = this.#carried + room;
    if (needed > this.#carry.length) {
      const grown = Buffer.allocUnsafe(
        Math.min(this.#max, Math.max(needed, this.#carry.length * 2, 4096)),
      );
      this.#carry.copy(grown, 0, 0, this.#carried);
      this.#carry = grown;
    }
    bytes.copy(this.#carry, this.#carried, start, start + room);
    this.#carried = needed;
    this.#cut += end - start - room;
  }
}

function indexOrEnd(bytes: Buffer, byte: number, from: number): number {
  const at = bytes.indexOf(byte, from);
  return at === -1 ? bytes.length : at;
}

/** The last place up to `end` where no character is split. */
function characterEnd(bytes: Buffer, end: number): number {
  let at = end;
  while (at > 0 && end - at < 3 && ((bytes[at - 1] ?? 0) & 0xc0) === 0x80) at--;
  const lead = at > 0 ? (bytes[at - 1] ?? 0) : 0;
  const size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  return at > 0 && size > 1 && at - 1 + size > end ? at - 1 : end;
}
