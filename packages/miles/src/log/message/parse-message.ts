import type { LogEvent, PerfReport } from "../log-event.ts";
import { eventAt, type Located } from "./located.ts";
import type { Marker } from "./marker.ts";
import { MARKERS } from "./markers.ts";
import { readBar } from "./read-bar.ts";
import { readReport } from "./read-report.ts";

const MARKERS_BY_LETTER = groupedByLetter();

/** What the message of one line says, or undefined where it has no meaning of its own. */
export function parseMessage(message: string, at: Located): LogEvent | undefined {
  const markers = MARKERS_BY_LETTER[message.charCodeAt(0)];
  if (markers !== undefined)
    for (const { begins, read } of markers) {
      const made = message.startsWith(begins) ? read(message, at) : undefined;
      if (made !== undefined) return made;
    }
  return numbered(message, at) ?? bar(message, at);
}

const SKIPPED = " skipped: ";
const STEP = "step";

/** `rollout 3: {`, `critic-step 12: {`, `eval 20 skipped: `: tag, number, and what follows. */
function numbered(message: string, at: Located): LogEvent | undefined {
  const blank = message.indexOf(" ");
  if (blank < 4 || blank > 46) return undefined;
  let end = blank + 1;
  let code = message.charCodeAt(end);
  while (code >= 0x30 && code <= 0x39) code = message.charCodeAt(++end);
  if (end === blank + 1 || end > blank + 16) return undefined;
  const tag = message.slice(0, blank);
  const number = Number(message.slice(blank + 1, end));
  if (code !== 0x3a)
    return tag === "eval" && message.startsWith(SKIPPED, end)
      ? eventAt(at, {
          kind: "eval-skipped",
          rollout: number,
          reason: message.slice(end + SKIPPED.length),
        })
      : undefined;
  if (message.charCodeAt(end + 2) !== 0x7b) return undefined;
  const role = tag.endsWith(STEP) ? stepRole(tag) : undefined;
  if (role === undefined && !REPORTS.has(tag)) return undefined;
  const { values, rest, damaged } = readReport(message, end + 2);
  if (role !== undefined)
    return eventAt(at, { values, rest, damaged, kind: "step", role, step: number });
  switch (tag) {
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

const REPORTS: ReadonlySet<string> = new Set(["rollout", "perf", "eval", "multi_turn"]);

/** The framework leaves the actor's role out. */
function stepRole(tag: string): string | undefined {
  if (tag === STEP) return "actor";
  const role = tag.slice(0, -STEP.length - 1);
  return tag.charAt(role.length) === "-" && /^[A-Za-z_]\w*$/.test(role) ? role : undefined;
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
