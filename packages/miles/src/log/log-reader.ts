import type { FailureEvent, LogEvent, LogSource } from "./log-event.ts";
import { LineDresser, type DressedLine } from "./lines/line-prefix.ts";
import { LineSplitter, type LineSplitterOptions, type RawLine } from "./lines/line-splitter.ts";
import { classifyFailure } from "./message/classify-failure.ts";
import { FailureCollector } from "./message/failure-collector.ts";
import { isFailureLine } from "./message/failure-line.ts";
import { eventAt, type Located } from "./message/located.ts";
import { parseMessage } from "./message/parse-message.ts";

/** Where a reader stands; plain JSON, so that another process can go on from it. */
export interface LogPosition {
  /** First byte that has to be read again: of the oldest traceback that was not over, or of the unfinished line. */
  readonly offset: number;
  /** Events of lines before this byte were told… */
  readonly told: number;
  /** …except those that begin here. */
  readonly pending: readonly number[];
  /** The unfinished line is drawn over one of this source, which stands before it. */
  readonly redraws?: LogSource;
  /** The last step told, by role: its second copy is not told again. */
  readonly steps: Readonly<Record<string, string>>;
}

export interface LogReaderOptions extends Omit<LineSplitterOptions, "offset"> {
  /** Where another reader stopped; bytes are pushed from its `offset` on. */
  readonly from?: LogPosition;
}

/** Roles whose last step is remembered; there are two. */
const MAX_ROLES = 8;

/** A report whose dict stops short, waiting for the line that may hold its rest. */
interface Torn {
  readonly event: LogEvent;
  readonly message: string;
  readonly at: Located;
}

/**
 * Bytes of a job's log in, events out. Constant memory (a line, the open tracebacks, the names of processes), and
 * nothing throws, whatever the bytes are.
 */
export class LogReader {
  readonly #onEvent: (event: LogEvent) => void;
  readonly #splitter: LineSplitter;
  readonly #dresser = new LineDresser();
  readonly #failures: FailureCollector;
  readonly #steps = new Map<string, string>();
  readonly #told: number;
  readonly #pending: ReadonlySet<number>;
  #lastSource: LogSource | undefined;
  #torn: Torn | undefined;

  constructor(onEvent: (event: LogEvent) => void, options: LogReaderOptions = {}) {
    const { from, ...rest } = options;
    this.#onEvent = onEvent;
    this.#told = from?.told ?? 0;
    this.#pending = new Set(from?.pending);
    this.#failures = new FailureCollector((event: FailureEvent) => this.#tell(event));
    for (const [role, message] of Object.entries(from?.steps ?? {})) this.#steps.set(role, message);
    const drawn = from?.offset === from?.told ? from?.redraws : undefined;
    this.#lastSource = drawn;
    this.#splitter = new LineSplitter((line) => this.#line(line), {
      ...rest,
      offset: from?.offset ?? 0,
      redraws: drawn !== undefined,
    });
  }

  push(chunk: Uint8Array): void {
    this.#splitter.push(chunk);
  }

  /** Nothing has come for a while: tracebacks and torn reports that wait for their next line are told now. */
  idle(): void {
    this.#settle();
    this.#failures.flush();
  }

  /** The stream is over. */
  end(): void {
    this.#splitter.end();
    this.idle();
  }

  /** Bytes pushed so far, from the beginning of the stream. */
  get bytes(): number {
    return this.#splitter.position;
  }

  /** Go on from here in another process: nothing is lost, and no event is told twice. */
  position(): LogPosition {
    const told = this.#splitter.resumeOffset;
    const pending = [...this.#failures.offsets];
    if (this.#torn !== undefined) pending.push(this.#torn.at.offset);
    return {
      offset: Math.min(told, ...pending),
      told,
      pending,
      ...(this.#splitter.redraws && this.#lastSource !== undefined
        ? { redraws: this.#lastSource }
        : {}),
      steps: Object.fromEntries(this.#steps),
    };
  }

  #line(raw: RawLine): void {
    const line = this.#dresser.undress(raw.text, raw.redraws ? this.#lastSource : undefined);
    this.#lastSource = line.source;
    // Ray's prefix alone, before a bar that is drawn behind it.
    if (raw.redrawn && line.message.trim() === "") return;
    const record = line.message.indexOf("%") === -1 ? -1 : recordBehindBar(line.message);
    if (record === -1) {
      this.#dressed(line, raw);
      return;
    }
    this.#dressed({ ...line, message: line.message.slice(0, record) }, raw);
    this.#dressed(this.#dresser.undress(line.message.slice(record), line.source), raw);
  }

  #dressed(line: DressedLine, raw: RawLine): void {
    const { message } = line;
    const at: Located = {
      offset: raw.offset,
      source: line.source,
      time: line.time,
      repeated: line.repeated,
    };
    if (this.#torn !== undefined && this.#rejoin(this.#torn, line)) return;
    if (this.#isSecondCopy(message)) return;
    const parsed = parseMessage(message, at);
    if (this.#failures.take(line, at, parsed !== undefined)) return;
    if (parsed !== undefined) this.#tellParsed(parsed, message, at);
    else this.#tell(lineEvent(message, at, raw.cut));
  }

  #tellParsed(event: LogEvent, message: string, at: Located): void {
    if (event.kind === "step" && (this.#steps.size < MAX_ROLES || this.#steps.has(event.role)))
      this.#steps.set(event.role, message);
    if ("damaged" in event && event.damaged !== undefined) {
      this.#settle();
      this.#torn = { event, message, at };
    } else this.#tell(event);
  }

  /** The framework logs a step where it is made and once more where it is reported, letter by letter the same. */
  #isSecondCopy(message: string): boolean {
    if (message.charCodeAt(message.length - 1) !== 0x7d) return false;
    for (const told of this.#steps.values()) if (told === message) return true;
    return false;
  }

  /** A writer that was read between two of its writes gives a report in two lines. */
  #rejoin(torn: Torn, line: DressedLine): boolean {
    if (line.source.pid !== torn.at.source.pid || line.source.ip !== torn.at.source.ip)
      return false;
    this.#torn = undefined;
    const message = torn.message + line.message;
    const whole = line.headed ? undefined : parseMessage(message, torn.at);
    if (whole === undefined || ("damaged" in whole && whole.damaged !== undefined)) {
      this.#tell(torn.event);
      return false;
    }
    this.#tellParsed(whole, message, torn.at);
    return true;
  }

  #settle(): void {
    const torn = this.#torn;
    this.#torn = undefined;
    if (torn !== undefined) this.#tell(torn.event);
  }

  #tell(event: LogEvent): void {
    if (event.offset < this.#told && !this.#pending.has(event.offset)) return;
    this.#onEvent(event);
  }
}

/** tqdm leaves the cursor behind its bar: what is logged next stands in the same line. */
const RECORD_BEHIND_BAR = /\](?=\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)/;

/** Index of that record, -1 without one. */
function recordBehindBar(message: string): number {
  const found = RECORD_BEHIND_BAR.exec(message);
  return found === null ? -1 : found.index + 1;
}

function lineEvent(message: string, at: Located, cut: number): LogEvent {
  if (!isFailureLine(message)) {
    const { offset, source, time, repeated } = at;
    // Not spread: nearly all lines come here.
    return { offset, source, time, repeated, kind: "plain", text: message, cut };
  }
  return eventAt(at, {
    kind: "failure",
    category: classifyFailure(message),
    message,
    lines: [message],
    omitted: 0,
    handled: false,
  });
}
