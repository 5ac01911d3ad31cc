import type {
  BatchMark,
  CheckpointAction,
  CheckpointMark,
  EngineAction,
  LogEvent,
  SampleShown,
} from "../log-event.ts";
import { parsePythonLiteral } from "./literal-parser.ts";
import { eventAt, type Located } from "./located.ts";
import { readLogfmt } from "./read-logfmt.ts";
import { readReport } from "./read-report.ts";

/** A message of the framework, of Megatron or of the engine that has a meaning of its own. */
export interface Marker {
  /** Literal beginning. */
  readonly begins: string;
  /** What a message that begins so says; undefined where it goes on otherwise than expected. */
  readonly read: (message: string, at: Located) => LogEvent | undefined;
}

const STAMP = String.raw`\[\d{4}-\d\d-\d\d [\d:.]+\] `;

/** Megatron prints these without the framework's header, but with a stamp of its own. */
const STAMPED = /^ *\[(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d\.\d{3})/;

/** Order matters where beginnings share a first letter only in that more telling ones come first. */
export const MARKERS: readonly Marker[] = [
  { begins: "Timer ", read: timer },
  {
    begins: "ft ",
    read: (message, at) => eventAt(at, { kind: "structured", fields: readLogfmt(message, 3) }),
  },
  sample("First rollout sample: ", "first"),
  sample("Finish rollout: ", "last"),
  sample("eval_rollout_single_dataset example data: ", "eval"),
  matched("[Rank ", /^\[Rank (\d+)\] Memory-Usage (.*?): (?=\{)/, (found, at) =>
    eventAt(at, {
      kind: "memory",
      scope: "gpu",
      rank: Number(found[1]),
      label: found[2] ?? "",
      values: readReport(found.input, found[0].length).values,
    }),
  ),
  matched("[CPU memory] ", /^\[CPU memory\] (.*?): ([\d.]+) GB/, ([, label = "", used], at) =>
    eventAt(at, {
      kind: "memory",
      scope: "host",
      label,
      values: { used_GB: Number(used) },
    }),
  ),
  matched(
    "Creating placement group with ",
    /^Creating placement group with (\d+) GPUs/,
    ([, gpus], at) => eventAt(at, { kind: "placement", gpus: Number(gpus) }),
  ),
  matched(
    "  bundle ",
    /^ {2}bundle +\d+, actual_bundle_index: +\d+, node: (\S+), gpu: (\S+)/,
    ([, node = "", gpu = ""], at) => eventAt(at, { kind: "placement", node, gpu }),
  ),
  engine("Launch router with args: ", "router-launching"),
  engine("Router launched at ", "router-launched"),
  engine("Ports for engine ", "ports"),
  engine("Launch HttpServerEngineAdapter at: ", "launching"),
  engine("wait_all_engines_alive looping", "waiting"),
  engine("Shutdown engine ", "stopping"),
  engine("Killing server ", "stopping"),
  engine("Shutting down and killing engine at index ", "stopping"),
  engine("Successfully killed engine at index ", "killed"),
  engine("Simulating crash on engine ", "killed"),
  engine("Recovered ", "recovered", / dead rollout engines/),
  engine("Health check failed for rollout engine ", "unhealthy"),
  engine("Engine unreachable ", "unhealthy"),
  engine("Server process terminated unexpectedly", "terminated"),
  checkpoint(
    "[",
    "saving",
    new RegExp(`^${STAMP}saving checkpoint at iteration +(\\d+) to (.+) in \\S+ format$`),
  ),
  checkpoint(
    "  [",
    "saved",
    new RegExp(
      `^ {2}${STAMP}successfully saved (?:local )?checkpoint from iteration +(\\d+)(?: to (.+?))?(?: \\[ t .*)?$`,
    ),
  ),
  checkpoint(
    "  [",
    "scheduled",
    new RegExp(`^ {2}${STAMP}scheduled an async checkpoint save at iteration +(\\d+) to (.+)$`),
  ),
  checkpoint(
    "  [",
    "deleted",
    new RegExp(`^ {2}${STAMP}successfully deleted checkpoint from iteration +(\\d+) at (.+)$`),
  ),
  checkpoint(
    "  encountered exception ",
    "delete-failed",
    /when trying to delete checkpoint from iteration +(\d+) at (.+)$/,
  ),
  checkpoint(
    " loading ",
    "loading",
    /^ loading (?:distributed )?checkpoint from (.+) at iteration (\d+)$/,
    [2, 1],
  ),
  checkpoint(
    " loading ",
    "loading",
    /^ loading release (?:distributed )?checkpoint from (.+)$/,
    [0, 1],
  ),
  checkpoint(
    "  successfully loaded checkpoint from ",
    "loaded",
    /^ {2}successfully loaded checkpoint from (.+?) \[ t .*\] at iteration (\d+)$/,
    [2, 1],
  ),
  checkpoint("Load checkpoint from HuggingFace", "loading", /\(path=(.+)\)$/, [0, 1]),
  checkpoint("WARNING: could not find the metadata file ", "not-found", / file (.+)$/, [0, 1]),
  checkpoint("Checkpoint ", "data-state-missing", /^Checkpoint (.+) does not exist\.$/, [0, 1]),
  checkpoint("load metadata from ", "data-state-loaded", /^load metadata from (.+)$/, [0, 1]),
  checkpoint("Successfully saved merged HuggingFace model to ", "exported", / to (.+)$/, [0, 1]),
  checkpoint("Failed to save HuggingFace format: ", "export-failed", /: (.+)$/, [0, 0]),
  batch("Final collected ", "collected", /^Final collected (\d+) samples/),
  batch("Rollout-side DP schedule: ", "scheduled", /num_samples=(\d+)/),
  batch("Collected ", "recycled", /^Collected (\d+) partial samples/),
  matched(
    "trim number of samples from ",
    /^trim number of samples from (\d+) to (\d+)/,
    ([, from, to], at) =>
      eventAt(at, {
        kind: "batch",
        action: "trimmed",
        samples: Number(to),
        from: Number(from),
      }),
  ),
  matched("Abort request for ", /^Abort request for (?=\[)/, ({ 0: all, input }, at) => {
    const { value } = parsePythonLiteral(input.slice(all.length));
    const urls = Array.isArray(value) ? value.filter((url) => typeof url === "string") : [];
    return eventAt(at, { kind: "abort", urls });
  }),
  matched(
    "Error: ",
    /^Error: (.{0,2000}?), retrying\.\.\. \(attempt (\d+)\/(\d+), url=([^,)]*)/,
    ([, error = "", attempt, attempts, url = ""], at) =>
      eventAt(at, {
        kind: "retry",
        attempt: Number(attempt),
        attempts: Number(attempts),
        url,
        error,
      }),
  ),
  matched(
    "debug_exit_after_rollout=",
    /^debug_exit_after_rollout=\d+ reached at rollout_id=\d+/,
    ({ input }, at) => eventAt(at, { kind: "exit", text: input }),
  ),
];

/** A message that a pattern takes apart. */
function matched(
  begins: string,
  pattern: RegExp,
  event: (found: RegExpExecArray, at: Located) => LogEvent | undefined,
): Marker {
  return {
    begins,
    read(message, at) {
      const found = pattern.exec(message);
      return found === null ? undefined : event(found, at);
    },
  };
}

/** `Timer X start`, `Timer X end (elapsed: 1.2s)`: the most frequent of all, so without a pattern. */
function timer(message: string, at: Located): LogEvent | undefined {
  const START = " start";
  const END = " end (elapsed: ";
  const last = message.charCodeAt(message.length - 1);
  if (last === 0x74 && message.endsWith(START))
    return eventAt(at, {
      kind: "timer",
      name: message.slice(6, -START.length),
      edge: "start",
      seconds: undefined,
    });
  const end = last === 0x29 ? message.indexOf(END, 6) : -1;
  const seconds = Number.parseFloat(message.slice(end + END.length));
  if (end === -1 || Number.isNaN(seconds)) return undefined;
  return eventAt(at, { kind: "timer", name: message.slice(6, end), edge: "end", seconds });
}

function sample(begins: string, which: SampleShown["which"]): Marker {
  return {
    begins,
    read: (message, at) =>
      eventAt(at, { kind: "sample", which, text: message.slice(begins.length) }),
  };
}

function engine(begins: string, action: EngineAction, pattern?: RegExp): Marker {
  return {
    begins,
    read(message, at) {
      if (pattern !== undefined && !pattern.test(message)) return undefined;
      return eventAt(at, { kind: "engine", action, detail: message });
    },
  };
}

/** @param groups which groups of the pattern are iteration and path; 0: none */
function checkpoint(
  begins: string,
  action: CheckpointAction,
  pattern: RegExp,
  [iteration, path]: readonly [number, number] = [1, 2],
): Marker {
  return matched(begins, pattern, (found, at): CheckpointMark => {
    const number = iteration === 0 ? undefined : found[iteration];
    const folder = path === 0 ? undefined : found[path];
    const [, date, time] = STAMPED.exec(found.input) ?? [];
    const place =
      date === undefined || time === undefined ? at : { ...at, time: `${date} ${time}` };
    return eventAt(place, {
      kind: "checkpoint",
      action,
      ...(number === undefined ? {} : { iteration: Number(number) }),
      ...(folder === undefined ? {} : { path: folder }),
    });
  });
}

function batch(begins: string, action: BatchMark["action"], pattern: RegExp): Marker {
  return matched(begins, pattern, ([, samples], at) =>
    eventAt(at, { kind: "batch", action, samples: Number(samples) }),
  );
}
