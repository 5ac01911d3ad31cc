import { Command } from "commander";
import { formatDuration, formatTable } from "@moonlight-rl/core";
import {
  addCommonOptions,
  cliSession,
  findRun,
  listRuns,
  openWorkspace,
  readRun,
  toJson,
  type RunSummary,
  type Workspace,
} from "@moonlight-rl/pipeline";
import { paramsSchema } from "../pipeline/params.ts";
import { collectReport } from "../report/collect-report.ts";
import { summaryText } from "../runs/summary-text.ts";

interface Flags {
  readonly json?: boolean;
  readonly workspace?: string;
}

/** `moonlight runs list|show`. */
export function runsCommand(): Command {
  const command = new Command("runs").description("Look at earlier runs.");
  command.addHelpText(
    "before",
    "Examples:\n  $ moonlight runs list\n  $ moonlight runs show              the last run\n  $ moonlight runs show 20261123-18  by a unique part of its id\n",
  );
  const list = new Command("list").description("All runs of the workspace, oldest first.");
  addCommonOptions(list).action(async () => {
    const runs = await listRuns(workspaceOf(list));
    write(list, runs.map(plainRun), () => runsTable(runs));
  });
  const show = new Command("show")
    .description("Stages, artifacts and figures of one run.")
    .argument("[run]", "id, a unique part of it, or latest", "latest");
  addCommonOptions(show).action(async (wanted: string) => {
    const workspace = workspaceOf(show);
    const id = await findRun(workspace, wanted);
    const run = await readRun(workspace, id);
    const data = await collectReport(workspace, id);
    write(
      show,
      [
        {
          ...plainRun(run),
          stages: toJson(data.stages),
          ...(data.comparison && { comparison: toJson(data.comparison) }),
        },
      ],
      () =>
        `run ${run.id}: ${run.status}${run.error === undefined ? "" : ` (${run.error.code}: ${run.error.message})`}\n${summaryText(data, undefined)}`,
    );
  });
  return command.addCommand(list).addCommand(show);
}

function workspaceOf(command: Command): Workspace {
  const flags: Flags = command.optsWithGlobals();
  return openWorkspace(flags.workspace, cliSession(command).io.env);
}

/** One JSON object a line, or text for people. */
function write(command: Command, rows: readonly object[], text: () => string): void {
  const flags: Flags = command.optsWithGlobals();
  const { io } = cliSession(command);
  io.stdout.write(
    flags.json === true ? rows.map((row) => `${JSON.stringify(row)}\n`).join("") : `${text()}\n`,
  );
}

function plainRun({ id, pipeline, status, started, finished, params, error }: RunSummary): object {
  return { type: "run", id, pipeline, status, started, finished, params, error };
}

function runsTable(runs: readonly RunSummary[]): string {
  if (runs.length === 0) return "There are no runs yet: start one with `moonlight run`.";
  const seconds = ({ started, finished }: RunSummary): string =>
    finished === undefined
      ? ""
      : formatDuration((Date.parse(finished) - Date.parse(started)) / 1000);
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
