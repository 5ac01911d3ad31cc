import { formatDuration, formatTable, wrapText, type Column } from "@moonlight-rl/core";
import { runSeconds, type RunSummary } from "@moonlight-rl/pipeline";
import { paramsSchema } from "../pipeline/params.ts";

/** All runs as a table; on a screen of `width` columns that it does not fit, what was changed stands below each run. */
export function runsTable(runs: readonly RunSummary[], width = Number.POSITIVE_INFINITY): string {
  if (runs.length === 0) return "There are no runs yet: start one with `moonlight run`.";
  const table = formatTable(
    [...HEAD, { title: "changed" }],
    runs.map((run) => [...facts(run), changes(run)]),
  );
  if (table.split("\n").every((line) => line.length <= width)) return table;
  const [head = "", ...lines] = formatTable(HEAD, runs.map(facts)).split("\n");
  const below = runs
    .map(changes)
    .map((text) => (text === "" ? [] : [wrapText(text, { width, first: "  " })]));
  return [head, ...lines.flatMap((line, i) => [line, ...(below[i] ?? [])])].join("\n");
}

const HEAD: readonly Column[] = [
  { title: "run" },
  { title: "pipeline" },
  { title: "status" },
  { title: "started (UTC)" },
  { title: "time", align: "right" },
];

function facts(run: RunSummary): string[] {
  const { id, pipeline, status, started } = run;
  const seconds = runSeconds(run);
  const time = seconds === undefined ? "" : formatDuration(seconds);
  return [id, pipeline, status, started.slice(0, 19).replace("T", " "), time];
}

/** The parameters that are not the defaults, as a reader would type them. */
function changes({ params }: RunSummary): string {
  const { profile, seed, set } = paramsSchema.partial().safeParse(params).data ?? {};
  return [
    profile === "tiny" ? undefined : profile,
    seed === undefined ? undefined : `seed=${seed}`,
    ...(set ?? []),
  ]
    .filter((part) => part !== undefined)
    .join(" ");
}
