import type { Command } from "commander";
import {
  brokenRuns,
  cliSession,
  findRun,
  listRuns,
  readRun,
  toJson,
  resultScreen,
  runSeconds,
  type RunSummary,
} from "@moonlight-rl/pipeline";
import { openCommand } from "../config/command-workspace.ts";
import { collectReport } from "../report/collect-report.ts";
import { compareReports } from "../runs/compare-reports.ts";
import { comparisonText } from "../runs/comparison-text.ts";
import { environmentText } from "../runs/environment-text.ts";
import {
  findSample,
  querySamples,
  type SampleQuery,
  type SampleStage,
} from "../runs/run-samples.ts";
import { runsTable, statusText } from "../runs/runs-table.ts";
import { samplesTable, sampleText } from "../runs/sample-text.ts";
import { summaryText } from "../runs/summary-text.ts";

interface Flags {
  readonly json?: boolean;
  readonly workspace?: string;
}

/** What `moonlight runs list` does. */
export async function listAction(command: Command): Promise<void> {
  const { workspace } = await openCommand(command);
  const runs = await listRuns(workspace);
  write(command, runs.map(plainRun), () => runsTable(runs, resultScreen(cliSession(command).io)));
  for (const { id, error } of await brokenRuns(workspace))
    cliSession(command).io.stderr.write(`warning RUN_UNREADABLE: ${id}: ${error.message}\n`);
}

/** What `moonlight runs show` does. */
export async function showAction(command: Command, wanted: string): Promise<void> {
  const { workspace } = await openCommand(command);
  const id = await findRun(workspace, wanted);
  const run = await readRun(workspace, id);
  const data = await collectReport(workspace, id);
  const { versions, code, host, git, config, like } = run;
  const row = {
    ...plainRun(run),
    environment: { versions, code, host, git },
    config,
    like,
    stages: toJson(data.stages),
    recipe: data.recipe,
    comparison: data.comparison && toJson(data.comparison),
  };
  write(command, [row], () => {
    const end = run.error === undefined ? "" : ` (${run.error.code}: ${run.error.message})`;
    const { colors } = resultScreen(cliSession(command).io);
    return `run ${run.id}: ${statusText(run.status, colors)}${end}\n${summaryText(data, undefined)}\n${environmentText(run, data.recipe)}`;
  });
}

/** What `moonlight runs compare` does. */
export async function compareAction(command: Command, before: string, now: string): Promise<void> {
  const { workspace } = await openCommand(command);
  const ids = [await findRun(workspace, before), await findRun(workspace, now)] as const;
  const comparison = await compareReports(workspace, ...ids);
  write(command, [{ type: "run-comparison", ...comparison }], () =>
    comparisonText(comparison, resultScreen(cliSession(command).io)),
  );
}

export interface SamplesFlags extends Flags, Pick<SampleQuery, "limit" | "sort" | "step"> {
  readonly outcome?: readonly string[];
  readonly stage?: SampleStage;
  readonly show?: string;
}

/** What `moonlight runs samples` does. */
export async function samplesAction(command: Command, wanted: string): Promise<void> {
  const { workspace } = await openCommand(command);
  const id = await findRun(workspace, wanted);
  const { show, stage, outcome, ...query }: SamplesFlags = command.optsWithGlobals();
  const { io } = cliSession(command);
  const row = (sample: object): object => ({ type: "run-sample", run: id, ...sample });
  if (show !== undefined) {
    const sample = await findSample(workspace, id, show);
    const { colors } = resultScreen(io);
    write(command, [row(sample)], () => sampleText(sample, colors));
    return;
  }
  const { samples, matched } = await querySamples(workspace, id, {
    ...query,
    ...(stage === undefined ? {} : { stages: [stage] }),
    ...(outcome === undefined ? {} : { outcome }),
  });
  write(command, samples.map(row), () => {
    if (matched === 0) return "No samples fit this.";
    const rest = `${samples.length} of ${matched} samples; one in full:\n  moonlight runs samples ${id} --show ${samples[0]?.id}`;
    return `${samplesTable(samples, resultScreen(io))}\n\n${rest}`;
  });
}

/** One JSON object a line, or text for people. */
function write(command: Command, rows: readonly object[], text: () => string): void {
  const flags: Flags = command.optsWithGlobals();
  const { io } = cliSession(command);
  io.stdout.write(
    flags.json === true ? rows.map((row) => `${JSON.stringify(row)}\n`).join("") : `${text()}\n`,
  );
}

function plainRun(run: RunSummary): object {
  const { id, pipeline, status, started, finished, params, error } = run;
  const seconds = runSeconds(run);
  return { type: "run", id, pipeline, status, started, finished, seconds, params, error };
}
