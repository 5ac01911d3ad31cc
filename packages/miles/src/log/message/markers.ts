import type { BatchMark, EngineAction, LogEvent, SampleShown } from "../log-event.ts";
import { CHECKPOINT_MARKERS } from "./checkpoint-markers.ts";
import { parsePythonLiteral } from "./literal-parser.ts";
import { eventAt, type Located } from "./located.ts";
import { matched, type Marker } from "./marker.ts";
import { readLogfmt } from "./read-logfmt.ts";
import { readReport } from "./read-report.ts";

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
  ...CHECKPOINT_MARKERS,
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

function batch(begins: string, action: BatchMark["action"], pattern: RegExp): Marker {
  return matched(begins, pattern, ([, samples], at) =>
    eventAt(at, { kind: "batch", action, samples: Number(samples) }),
  );
}
