import { stripVTControlCharacters } from "node:util";
import { formatDuration, formatTable, wrapText, type Column } from "@moonlight-rl/core";
import { PLAIN_SCREEN, runSeconds, type RunSummary, type TextScreen } from "@moonlight-rl/pipeline";
import { paramsSchema } from "../pipeline/params.ts";

/** All runs as a table; on a screen that it does not fit, what was changed stands below each run. */
export function runsTable(
  runs: readonly RunSummary[],
  { columns, colors }: TextScreen = PLAIN_SCREEN,
): string {
  const width = columns ?? Number.POSITIVE_INFINITY;
  if (runs.length === 0) return "There are no runs yet: start one with `moonlight run`.";
  const table = formatTable(
    [...HEAD, { title: "changed" }],
    runs.map((run) => [...facts(run, colors), changes(run)]),
  );
  if (
    stripVTControlCharacters(table)
      .split("\n")
      .every((line) => line.length <= width)
  )
    return table;
  const rows = runs.map((run) => facts(run, colors));
  const [head = "", ...lines] = formatTable(HEAD, rows).split("\n");
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

function facts(run: RunSummary, colors: TextScreen["colors"]): string[] {
  const { id, pipeline, status, started } = run;
  const seconds = runSeconds(run);
  const time = seconds === undefined ? "" : formatDuration(seconds);
  return [id, pipeline, statusText(status, colors), started.slice(0, 19).replace("T", " "), time];
}

/** The status of a run in the colour that it has in the live view. */
export function statusText(status: RunSummary["status"], colors: TextScreen["colors"]): string {
  if (status === "ok") return colors.green(status);
  return status === "running" ? colors.cyan(status) : colors.red(status);
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
