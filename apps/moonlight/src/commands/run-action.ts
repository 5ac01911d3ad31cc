import type { Command } from "commander";
import {
  cliSession,
  findRun,
  openWorkspace,
  present,
  readRun,
  runPipeline,
  toJson,
  type JsonObject,
  type RunResult,
  type Workspace,
} from "@moonlight-rl/pipeline";
import { UsageError } from "@moonlight-rl/core";
import { withEndpoint } from "../hub/bundled-hub.ts";
import { moonlight, type MoonlightOutputs } from "../pipeline/moonlight.ts";
import { paramsSchema, type Params } from "../pipeline/params.ts";
import { writeReport } from "../report/write-report.ts";
import { summaryText } from "../runs/summary-text.ts";
import { paramsOf, type RunFlags } from "./run-options.ts";

/** What `moonlight run` does. */
export async function runAction(command: Command, files: readonly string[]): Promise<void> {
  const flags: RunFlags = command.optsWithGlobals();
  const { io } = cliSession(command);
  const workspace = openWorkspace(flags.workspace, io.env);
  const given = paramsOf(flags, files);
  const resuming =
    flags.resume === undefined ? undefined : await storedParams(workspace, flags.resume, given);
  await present(command, {
    json: flags.json ?? false,
    work: (onEvent, signal) =>
      withEndpoint({ profile: "tiny", ...resuming, ...given }, io.env, async (endpoint) => {
        const params = { ...resuming, ...given, ...(endpoint === undefined ? {} : { endpoint }) };
        const run = await runPipeline(moonlight, params, {
          workspace: workspace.root,
          env: io.env,
          force: flags.force ?? false,
          ...(flags.resume === undefined ? {} : { resume: flags.resume }),
          onEvent,
          signal,
        });
        return { run, report: await writeReport(workspace, run.id) };
      }),
    summary: ({ run, report }) => runSummary(run, report.path, workspace),
    text: ({ report }) => summaryText(report.data, report.path),
  });
}

/** A resumed run keeps its own parameters; giving others would be another run. */
async function storedParams(
  workspace: Workspace,
  wanted: string,
  given: Partial<Params>,
): Promise<Params> {
  const { endpoint: _, ...others } = given;
  const [name] = Object.keys(others);
  if (name !== undefined) {
    throw new UsageError(
      "RESUME_PARAMS",
      `--resume goes on with the run's own parameters; ${name} cannot be given beside it.`,
      {
        field: name,
        hint: "Leave it out, or start a new run: finished stages are reused anyway.",
      },
    );
  }
  const { params } = await readRun(workspace, await findRun(workspace, wanted));
  return paramsSchema.parse(params);
}

function runSummary(
  run: RunResult<MoonlightOutputs>,
  report: string,
  workspace: Workspace,
): JsonObject {
  return {
    run: run.id,
    seconds: run.seconds,
    report,
    stages: run.stages.map(({ id, reused, seconds }) => ({ id, reused, seconds })),
    outputs: toJson(run.outputs, workspace),
  };
}
