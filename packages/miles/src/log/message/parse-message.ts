import type { LogEvent, PerfReport } from "../log-event.ts";
import { eventAt, type Located } from "./located.ts";
import { MARKERS, type Marker } from "./markers.ts";
import { readBar } from "./read-bar.ts";
import { readReport } from "./read-report.ts";

/** `rollout 3: {`, `critic-step 12: {`, `eval 20 skipped: `: tag, number, and what follows. */
const NUMBERED =
  /^(?:(rollout|perf|eval|multi_turn)|(?:([A-Za-z_]\w{0,40})-)?step) (\d{1,15})(: (?=\{)| skipped: )/;

const MARKERS_BY_LETTER = groupedByLetter();

/** What the message of one line says, or undefined where it has no meaning of its own. */
export function parseMessage(message: string, at: Located): LogEvent | undefined {
  const markers = MARKERS_BY_LETTER[message.charCodeAt(0)];
  if (markers !== undefined)
    for (const { begins, pattern, event } of markers) {
      if (!message.startsWith(begins)) continue;
      const found = pattern.exec(message);
      const made = found === null ? undefined : event(found, at);
      if (made !== undefined) return made;
    }
  return numbered(message, at) ?? bar(message, at);
}

function numbered(message: string, at: Located): LogEvent | undefined {
  // Reports begin with a short word, a blank and a digit: most messages are told apart without the pattern.
  const blank = message.indexOf(" ");
  const digit = message.charCodeAt(blank + 1);
  if (blank < 4 || blank > 46 || digit < 0x30 || digit > 0x39) return undefined;
  const found = NUMBERED.exec(message);
  if (found === null) return undefined;
  const [all, tag, role, digits = "", separator] = found;
  const number = Number(digits);
  if (separator === " skipped: ")
    return tag === "eval"
      ? eventAt(at, { kind: "eval-skipped", rollout: number, reason: message.slice(all.length) })
      : undefined;
  const { values, rest, damaged } = readReport(message, all.length);
  switch (tag) {
    case undefined:
      return eventAt(at, {
        values,
        rest,
        damaged,
        kind: "step",
        role: role ?? "actor",
        step: number,
      });
    case "perf":
      return eventAt(at, {
        values,
        rest,
        damaged,
        kind: "perf",
        side: perfSide(values, at),
        rollout: number,
      });
    case "multi_turn":
      return eventAt(at, { values, rest, damaged, kind: "multi-turn", rollout: number });
    case "eval":
      return eventAt(at, { values, rest, damaged, kind: "eval", rollout: number });
    default:
      return eventAt(at, { values, rest, damaged, kind: "rollout", rollout: number });
  }
}

/** Both sides say `perf N`; what they report differs, and a torn report still has its writer's name. */
function perfSide(values: PerfReport["values"], { source }: Located): PerfReport["side"] {
  if ("perf/rollout_time" in values && !("perf/train_time" in values)) return "rollout";
  for (const key in values) {
    if (key.startsWith("rollout/") || key.startsWith("passrate/")) return "rollout";
    if (key.startsWith("perf/")) return "trainer";
  }
  return source.process === "rollout_manager" ? "rollout" : "trainer";
}

function bar(message: string, at: Located): LogEvent | undefined {
  const found = readBar(message);
  return found === undefined ? undefined : eventAt(at, { kind: "progress", ...found });
}

/** Under the code of their first letter; a plain array, as it is looked into for every line. */
function groupedByLetter(): readonly (readonly Marker[] | undefined)[] {
  const groups: (Marker[] | undefined)[] = Array.from({ length: 128 });
  for (const marker of MARKERS) {
    const letter = marker.begins.charCodeAt(0);
    groups[letter] = [...(groups[letter] ?? []), marker];
  }
  return groups;
}
