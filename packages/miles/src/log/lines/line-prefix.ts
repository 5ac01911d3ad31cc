import type { LogSource } from "../log-event.ts";

/** A line without what Ray and the framework's logger put around its message. */
export interface DressedLine {
  readonly source: LogSource;
  readonly message: string;
  readonly time: string | undefined;
  /** The message stands behind the framework's (or the engine's) own header: it begins a record. */
  readonly headed: boolean;
  readonly repeated: number;
}

// oxlint-disable-next-line no-control-regex -- terminal sequences are made of control characters
const ANSI = /\u001B(?:\[[0-9;:?]*[ -/]*[@-~]|\][^\u0007\u001B]*(?:\u0007|\u001B\\)?|[@-Z\\^_])/g;

const MAX_SOURCES = 4096;
const MAX_PREFIX = 300;
const REPEATED = / \[repeated (\d+)x across cluster\](?: \(Ray deduplicates logs by default\.[^)]*\))?$/;
/** `MegatronTrainRayActor pid=71, ip=10.0.0.2`, `raylet pid=71`, `raylet`, `autoscaler +3s`. */
const RAY = /^(?:(.*?) ?pid=(\d+)(?:, ip=([^,\s]+))?|(raylet|autoscaler|gcs_server|gcs|dashboard)(?: \+[\dhms.]+)?(?:, ip=([^,\s]+))?)$/;
/** SGLang's: `[2026-08-11 12:00:00 TP0] …`. */
const ENGINE_HEADER = /^\[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)((?: [A-Z]+\d+)*)\] /;

const NOBODY: LogSource = {};

/** Takes lines apart; keeps the sources it has met, so that events of one process share one object. */
export class LineDresser {
  readonly #rays = new Map<string, LogSource>();
  readonly #processes = new Map<LogSource, Map<string, LogSource>>();
  #known = 0;

  /** @param before source of what stands before a carriage return in the same line */
  undress(line: string, before?: LogSource): DressedLine {
    let text = line.includes("\u001B") ? line.replaceAll(ANSI, "") : line;
    let source = before ?? NOBODY;
    let repeated = 1;
    if (text.charCodeAt(0) === 0x28) {
      const close = prefixEnd(text);
      const ray = close === -1 ? undefined : this.#ray(text.slice(1, close));
      if (ray !== undefined) {
        source = ray;
        text = text.slice(close + 2);
        if (text.includes("x across cluster]")) {
          const found = REPEATED.exec(text);
          if (found !== null) {
            repeated = Number(found[1]);
            text = text.slice(0, found.index);
          }
        }
      }
    }
    if (text.charCodeAt(0) === 0x5b) {
      const header = this.#header(text, source, repeated);
      if (header !== undefined) return header;
    }
    return { source, message: text, time: undefined, headed: false, repeated };
  }

  /** `[2026-08-11 12:00:00.123 main] train.py:12 - message`, or the engine's header. */
  #header(text: string, source: LogSource, repeated: number): DressedLine | undefined {
    if (text.charCodeAt(20) === 0x2e && text.charCodeAt(24) === 0x20 && text.charAt(5) === "-") {
      const close = text.indexOf("] ", 24);
      const dash = close === -1 || close > 124 ? -1 : text.indexOf(" - ", close);
      if (dash === -1) return undefined;
      const name = text.slice(25, close);
      return {
        source: name === "" ? source : this.#process(source, name),
        message: text.slice(dash + 3),
        time: `${text.slice(1, 11)}T${text.slice(12, 24)}`,
        headed: true,
        repeated,
      };
    }
    const engine = ENGINE_HEADER.exec(text);
    if (engine === null) return undefined;
    const [all, stamp = "", ranks = ""] = engine;
    return {
      source: ranks === "" ? source : this.#process(source, ranks.slice(1)),
      message: text.slice(all.length),
      time: stamp.replace(" ", "T"),
      headed: true,
      repeated,
    };
  }

  #ray(prefix: string): LogSource | undefined {
    const known = this.#rays.get(prefix);
    if (known !== undefined) return known;
    const found = RAY.exec(prefix);
    if (found === null) return undefined;
    const [, actor, pid, ip, daemon, daemonIp] = found;
    const name = daemon ?? actor;
    const node = ip ?? daemonIp;
    const source: LogSource = {
      ...(name === undefined || name === "" ? {} : { actor: name }),
      ...(pid === undefined ? {} : { pid: Number(pid) }),
      ...(node === undefined ? {} : { ip: node }),
    };
    this.#remember();
    this.#rays.set(prefix, source);
    return source;
  }

  #process(source: LogSource, name: string): LogSource {
    let named = this.#processes.get(source);
    const known = named?.get(name);
    if (known !== undefined) return known;
    const made: LogSource = { ...source, process: name };
    this.#remember();
    named = this.#processes.get(source) ?? new Map<string, LogSource>();
    named.set(name, made);
    this.#processes.set(source, named);
    return made;
  }

  /** A log that invents names may not fill the memory. */
  #remember(): void {
    if (++this.#known <= MAX_SOURCES) return;
    this.#rays.clear();
    this.#processes.clear();
    this.#known = 1;
  }
}

/** Index of the bracket that closes Ray's prefix: the first that a blank follows, or the line's end. */
function prefixEnd(text: string): number {
  const limit = Math.min(text.length, MAX_PREFIX);
  let at = text.indexOf(")");
  while (at !== -1 && at < limit) {
    if (at + 1 === text.length || text.charCodeAt(at + 1) === 0x20) return at;
    at = text.indexOf(")", at + 1);
  }
  return -1;
}
