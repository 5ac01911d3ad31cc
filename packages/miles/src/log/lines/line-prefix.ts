import type { LogSource } from "../log-event.ts";
import { withoutAnsi } from "./ansi.ts";
import { ownText } from "./own-text.ts";

/** A line without what Ray and the framework's logger put around its message. */
export interface DressedLine {
  readonly source: LogSource;
  readonly message: string;
  readonly time: string | undefined;
  /** The message stands behind the framework's (or the engine's) own header: it begins a record. */
  readonly headed: boolean;
  readonly repeated: number;
}

const ESCAPE = 0x1b;
const MAX_SOURCES = 4096;
const MAX_PREFIX = 300;
const REPEATED =
  / \[repeated (\d+)x across cluster\](?: \(Ray deduplicates logs by default\.[^)]*\))?$/y;
/** `MegatronTrainRayActor pid=71, ip=10.0.0.2`, `raylet pid=71`, `raylet`, `autoscaler +3s`. */
const RAY =
  /^\((?:(.*?) ?pid=(\d+)(?:, ip=([^,\s]+))?|(raylet|autoscaler|gcs_server|gcs|dashboard)(?: \+[\dhms.]+)?(?:, ip=([^,\s]+))?)\)$/;

const NOBODY: LogSource = {};

/** A source and those that say more of the same process. */
interface Known {
  readonly source: LogSource;
  readonly named: Map<string, LogSource>;
  /** The name that was met last, and its source: a process keeps its name. */
  lastName: string;
  lastNamed: LogSource | undefined;
}

interface Prefix {
  readonly text: string;
  readonly known: Known;
  /** Where its bracket closes, and what stands before that: the last digit of a pid tells most of them apart. */
  readonly end: number;
  readonly last: number;
}

/** How many prefixes are compared before a line's own is looked for. */
const RECENT = 8;

/** Takes lines apart; keeps the sources it has met, so that events of one process share one object. */
export class LineDresser {
  readonly #rays = new Map<string, Known>();
  readonly #bySource = new Map<LogSource, Known>();
  #count = 0;
  /** Ray's prefix of the line before, with brackets and blank: most lines have the same. */
  #last: Prefix | undefined;
  /** Those that were last met; the lines of a few engines take turns. */
  #recent: Prefix[] = [];

  /** @param before source of what stands before a carriage return in the same line */
  undress(line: string, before?: LogSource): DressedLine {
    let text = line;
    let source = before ?? NOBODY;
    let known: Known | undefined;
    const first = line.charCodeAt(0);
    if (first === ESCAPE || first === 0x28) {
      const ray = this.#ray(line);
      if (ray !== undefined) {
        known = ray.known;
        source = known.source;
        text = line.slice(ray.text.length);
      }
    }
    text = withoutAnsi(text);
    let repeated = 1;
    const last = text.charCodeAt(text.length - 1);
    if (last === 0x5d || last === 0x29) {
      const at = text.lastIndexOf(" [repeated ");
      REPEATED.lastIndex = at;
      const found = at === -1 ? null : REPEATED.exec(text);
      if (found !== null) {
        repeated = Number(found[1]);
        text = text.slice(0, at);
      }
    }
    if (text.charCodeAt(0) === 0x5b) {
      const header = this.#header(text, known ?? this.#known(source), repeated);
      if (header !== undefined) return header;
    }
    return { source, message: text, time: undefined, headed: false, repeated };
  }

  /** `[2026-08-11 12:00:00.123 main] train.py:12 - message`, or the engine's header. */
  #header(text: string, known: Known, repeated: number): DressedLine | undefined {
    if (text.charCodeAt(5) !== 0x2d) return undefined;
    if (text.charCodeAt(20) === 0x2e && text.charCodeAt(24) === 0x20) {
      const close = text.indexOf("]", 24);
      const dash = close === -1 || close > 124 ? -1 : text.indexOf(" - ", close);
      if (dash === -1) return undefined;
      return {
        source: this.#process(known, text, 25, close),
        message: text.slice(dash + 3),
        time: text.slice(1, 24),
        headed: true,
        repeated,
      };
    }
    return this.#engineHeader(text, known, repeated);
  }

  /** SGLang's: `[2026-08-11 12:00:00 TP0] …`, `[2026-08-11 12:00:00] …`. */
  #engineHeader(text: string, known: Known, repeated: number): DressedLine | undefined {
    const close = text.indexOf("] ", 20);
    const separator = text.charCodeAt(20);
    if (close === -1 || close > 60 || (separator !== 0x20 && close !== 20)) return undefined;
    if (text.charCodeAt(11) !== 0x20 || text.charCodeAt(14) !== 0x3a) return undefined;
    return {
      source: this.#process(known, text, 21, close),
      message: text.slice(close + 2),
      time: text.slice(1, 20),
      headed: true,
      repeated,
    };
  }

  #ray(line: string): Prefix | undefined {
    const before = this.#last;
    if (before !== undefined && hasPrefix(line, before)) return before;
    const recent = this.#recent;
    for (let i = 0; i < recent.length; i++) {
      const prefix = recent[i] as Prefix;
      if (hasPrefix(line, prefix)) return (this.#last = prefix);
    }
    // Names may hold brackets and blanks: then the first end that could be is not the one.
    let end = prefixEnd(line, 0);
    for (let tries = 0; end !== -1 && tries < 3; tries++) {
      const text = line.slice(0, end);
      const known = this.#rays.get(text) ?? this.#meet(ownText(text));
      if (known !== undefined) {
        const end = text.lastIndexOf(")");
        this.#last = { text: ownText(text), known, end, last: text.charCodeAt(end - 1) };
        this.#recent = [this.#last, ...this.#recent.slice(0, RECENT - 1)];
        return this.#last;
      }
      end = prefixEnd(line, end);
    }
    return undefined;
  }

  #meet(prefix: string): Known | undefined {
    const found = RAY.exec(withoutAnsi(prefix).trimEnd());
    if (found === null) return undefined;
    const [, actor, pid, ip, daemon, daemonIp] = found;
    const name = daemon ?? actor;
    const node = ip ?? daemonIp;
    const source: LogSource = {
      ...(name === undefined || name === "" ? {} : { actor: name }),
      ...(pid === undefined ? {} : { pid: Number(pid) }),
      ...(node === undefined ? {} : { ip: node }),
    };
    const known = this.#remember(source);
    this.#rays.set(prefix, known);
    return known;
  }

  /** @param text holds the process's name from `start` to `end` */
  #process(known: Known, text: string, start: number, end: number): LogSource {
    if (end <= start) return known.source;
    const { lastName, lastNamed } = known;
    if (
      lastNamed !== undefined &&
      lastName.length === end - start &&
      text.startsWith(lastName, start)
    )
      return lastNamed;
    const name = ownText(text.slice(start, end));
    let made = known.named.get(name);
    if (made === undefined) {
      made = { ...known.source, process: name };
      this.#forgetTooMany();
      known.named.set(name, made);
    }
    known.lastName = name;
    known.lastNamed = made;
    return made;
  }

  #known(source: LogSource): Known {
    return this.#bySource.get(source) ?? this.#remember(source);
  }

  #remember(source: LogSource): Known {
    this.#forgetTooMany();
    const known: Known = { source, named: new Map(), lastName: "", lastNamed: undefined };
    this.#bySource.set(source, known);
    return known;
  }

  /** A log that invents names may not fill the memory. */
  #forgetTooMany(): void {
    if (++this.#count <= MAX_SOURCES) return;
    this.#rays.clear();
    this.#bySource.clear();
    this.#last = undefined;
    this.#recent = [];
    this.#count = 0;
  }
}

function hasPrefix(line: string, { text, end, last }: Prefix): boolean {
  return line.charCodeAt(end - 1) === last && line.startsWith(text);
}

/** Index behind Ray's prefix: a closing bracket, colours, and a blank or the line's end; -1 without one. */
function prefixEnd(line: string, from: number): number {
  const limit = Math.min(line.length, MAX_PREFIX);
  for (let at = line.indexOf(")", from); at !== -1 && at < limit; at = line.indexOf(")", at + 1)) {
    let end = at + 1;
    while (line.charCodeAt(end) === ESCAPE) {
      const close = line.indexOf("m", end);
      if (close === -1 || close > end + 12) break;
      end = close + 1;
    }
    if (end === line.length) return end;
    if (line.charCodeAt(end) === 0x20) return end + 1;
  }
  return -1;
}
