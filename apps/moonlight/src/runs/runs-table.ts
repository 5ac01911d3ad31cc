import { formatDuration, formatTable } from "@moonlight-rl/core";
import type { RunSummary } from "@moonlight-rl/pipeline";
import { paramsSchema } from "../pipeline/params.ts";

/** All runs as a table; on a screen of `width` columns the last one goes on below itself. */
export function runsTable(runs: readonly RunSummary[], width?: number): string {
  if (runs.length === 0) return "There are no runs yet: start one with `moonlight run`.";
  const seconds = ({ started, finished }: RunSummary): string =>
    finished === undefined
      ? ""
      : formatDuration(Math.max(0, Date.parse(finished) - Date.parse(started)) / 1000);
  return formatTable(
    [
      { title: "run" },
      { title: "pipeline" },
      { title: "status" },
      { title: "started (UTC)" },
      { title: "time", align: "right" },
      { title: "changed" },
    ],
    runs.map((run) => [
      run.id,
      run.pipeline,
      run.status,
      run.started.slice(0, 19).replace("T", " "),
      seconds(run),
      changes(run),
    ]),
    { width },
  );
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
