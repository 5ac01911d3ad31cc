import type { FailureEvent, LogSource } from "../log-event.ts";
import type { DressedLine } from "../lines/line-prefix.ts";
import { ownText } from "../lines/own-text.ts";
import { classifyFailure, failureRank } from "./classify-failure.ts";
import type { Located } from "./located.ts";

const MAX_OPEN = 32;
const HEAD_LINES = 60;
const TAIL_LINES = 140;
const MAX_LINE = 2048;
const MAX_EXCEPTIONS = 32;
/** Lines of an exception's message behind its first: Ray's about memory have fifty. */
const MAX_MESSAGE_LINES = 60;

const TRACEBACK = "Traceback (most recent call last):";
const CRASH = /^Fatal Python error: |^\*\*\* (?:SIG|Aborted)/;
const FRAME = /^\s+(?:File "|\[repeated|\^+$)/;
const CHAIN =
  /^(?:The above exception was the direct cause of|During handling of the above exception,)/;
const EXCEPTION = /^((?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*(?:\([\w.]*\))?)(?:: ?(.*))?$/s;
/** PyTorch puts the rank before every line of a traceback that ends a process. */
const RANK = /^\[rank\d+\]: ?/;

interface Block {
  readonly at: Located;
  readonly head: string[];
  readonly tail: string[];
  omitted: number;
  readonly exceptions: string[];
  /** What may come next: more frames, or the rest of an exception's message. */
  state: "frames" | "message";
  /** Lines since the exception's. */
  since: number;
}

/**
 * Collects tracebacks whole, of several processes at a time, whose lines the log interleaves. Bounded: 32 open ones,
 * of each the first 60 and the last 140 lines, 2,048 characters a line.
 */
export class FailureCollector {
  readonly #open = new Map<string, Block>();
  readonly #emit: (event: FailureEvent) => void;

  constructor(emit: (event: FailureEvent) => void) {
    this.#emit = emit;
  }

  /** Where the tracebacks begin that are not over, oldest first. */
  get offsets(): readonly number[] {
    return Array.from(this.#open.values(), ({ at }) => at.offset);
  }

  /**
   * Whether a line belongs to a traceback; it is then kept. A line that ends one gives its event first.
   *
   * @param known the line has a meaning of its own: no part of an exception's message
   */
  take(line: DressedLine, at: Located, known: boolean): boolean {
    const text = withoutRank(line.message);
    if (this.#open.size === 0 && !begins(text)) return false;
    const key = writer(line.source);
    const block = this.#open.get(key);
    if (block !== undefined) {
      if (belongs(block, line, text, known)) {
        add(block, text);
        return true;
      }
      this.#close(key, block, line.headed);
    }
    if (!begins(text)) return false;
    const [oldest] = this.#open;
    if (this.#open.size >= MAX_OPEN && oldest !== undefined) this.#close(...oldest, false);
    const opened: Block = {
      at,
      head: [],
      tail: [],
      omitted: 0,
      exceptions: [],
      state: "frames",
      since: 0,
    };
    add(opened, text);
    this.#open.set(key, opened);
    return true;
  }

  /** Ends all that are open: the stream is over, or has been still. */
  flush(): void {
    for (const [key, block] of this.#open) this.#close(key, block, false);
  }

  #close(key: string, block: Block, handled: boolean): void {
    this.#open.delete(key);
    const lines = [...block.head, ...block.tail].map((text) => text.trimEnd());
    while (lines.at(-1) === "") lines.pop();
    const { exception, message } = rootOf(block, lines);
    this.#emit({
      ...block.at,
      kind: "failure",
      category: classifyFailure(lines.join("\n")),
      ...(exception === undefined ? {} : { exception }),
      message,
      lines,
      omitted: block.omitted,
      handled,
    });
  }
}

/** One process writes one traceback at a time; its logger's name may change in between. */
function writer({ actor, pid, ip }: LogSource): string {
  return pid === undefined ? (actor ?? "") : `${pid}@${ip ?? ""}`;
}

function withoutRank(message: string): string {
  return message.startsWith("[rank") ? message.replace(RANK, "") : message;
}

function begins(text: string): boolean {
  if (text.charCodeAt(text.length - 1) === 0x3a && text.endsWith(TRACEBACK)) return true;
  const first = text.charCodeAt(0);
  return (first === 0x46 || first === 0x2a) && CRASH.test(text);
}

function belongs(block: Block, line: DressedLine, text: string, known: boolean): boolean {
  if (line.headed) return false;
  if (text.startsWith(" ") || text.startsWith("\t")) {
    // Frames; behind an exception also the indented parts of its message.
    if (block.state === "frames") return true;
    if (!FRAME.test(text)) return ++block.since <= MAX_MESSAGE_LINES && !known;
    block.state = "frames";
    return true;
  }
  if (text.endsWith(TRACEBACK) || CHAIN.test(text)) {
    block.state = "frames";
    return true;
  }
  if (block.state === "frames") {
    if (text.trim() === "") return true;
    block.state = "message";
    block.since = 0;
    if (EXCEPTION.test(text) && block.exceptions.length < MAX_EXCEPTIONS)
      block.exceptions.push(ownText(text.slice(0, MAX_LINE)));
    return true;
  }
  return ++block.since <= MAX_MESSAGE_LINES && !known;
}

function add(block: Block, text: string): void {
  const line = ownText(text.length > MAX_LINE ? `${text.slice(0, MAX_LINE)}…` : text);
  if (block.head.length < HEAD_LINES) block.head.push(line);
  else {
    block.tail.push(line);
    if (block.tail.length > TAIL_LINES) {
      block.tail.shift();
      block.omitted++;
    }
  }
}

/** Of several exceptions the most telling; Ray's envelope only where it is alone. */
function rootOf(
  { exceptions }: Block,
  lines: readonly string[],
): { readonly exception: string | undefined; readonly message: string } {
  const rank = (text: string): number =>
    failureRank(classifyFailure(text)) + (text.includes("RayTaskError") ? 1000 : 0);
  const [first, ...others] = exceptions;
  if (first === undefined) return { exception: undefined, message: lines[0] ?? "" };
  const root = others.reduce((best, text) => (rank(text) < rank(best) ? text : best), first);
  const [, exception, message = ""] = EXCEPTION.exec(root) ?? [];
  return { exception, message: message === "" ? (exception ?? root) : message };
}
