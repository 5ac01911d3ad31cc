import type { Command } from "commander";
import {
  cliSession,
  findRun,
  present,
  readRun,
  runPipeline,
  toJson,
  type JsonObject,
  type RunResult,
  type Workspace,
} from "@moonlight-rl/pipeline";
import { UsageError, type MoonlightEvent } from "@moonlight-rl/core";
import { openCommand } from "../config/command-workspace.ts";
import { recordedConfig } from "../config/recorded-config.ts";
import { settingsOf } from "../config/settings.ts";
import { withEndpoint } from "../hub/bundled-hub.ts";
import { moonlight, type MoonlightOutputs } from "../pipeline/moonlight.ts";
import { paramsSchema, type Params } from "../pipeline/params.ts";
import { writeReport } from "../report/write-report.ts";
import { compareReports } from "../runs/compare-reports.ts";
import { keepRecipe } from "../runs/keep-recipe.ts";
import { likeText } from "../runs/like-text.ts";
import { summaryText } from "../runs/summary-text.ts";
import { runCustom } from "./run-custom.ts";
import { mustReuse, paramsOf, refuseForCustom, type RunFlags } from "./run-flags.ts";

/** What `moonlight run` does. */
export async function runAction(command: Command, files: readonly string[]): Promise<void> {
  const flags: RunFlags = command.optsWithGlobals();
  const { io } = cliSession(command);
  const { workspace, loaded } = await openCommand(command);
  if (flags.pipeline !== undefined) {
    refuseForCustom(flags, files);
    await runCustom(command, flags, workspace, loaded);
    return;
  }
  if (flags.param !== undefined)
    throw new UsageError("RUN_FLAGS", "--param is for a pipeline of your configuration.", {
      field: "--param",
      hint: "Name it with --pipeline; fields of the recipe are --set path=value.",
    });
  const reuse = mustReuse(flags);
  const flagged = paramsOf(flags, files);
  if (flags.resume !== undefined && flags.like !== undefined)
    throw new UsageError("RUN_FLAGS", "--resume goes on with a run, --like starts another.", {
      field: "--like",
      hint: "Leave one of them out.",
    });
  const earlier = flags.resume ?? flags.like;
  const resuming =
    earlier === undefined ? undefined : await storedParams(workspace, earlier, flagged);
  // An earlier run's parameters are complete: the configuration of today has no say in them.
  const given =
    resuming === undefined ? settingsOf(flagged, io.env, loaded?.config).params : flagged;
  await present(command, {
    json: flags.json ?? false,
    work: (onEvent, signal) =>
      withEndpoint({ profile: "tiny", ...resuming, ...given }, io.env, async (endpoint) => {
        const params = { ...resuming, ...given, ...(endpoint === undefined ? {} : { endpoint }) };
        const run = await withRecipe(workspace, onEvent, (told) =>
          runPipeline(moonlight, params, {
            workspace: workspace.root,
            env: io.env,
            force: flags.force ?? false,
            ...reuse,
            ...recordedConfig(loaded),
            ...(flags.resume === undefined ? {} : { resume: flags.resume }),
            ...(flags.like === undefined ? {} : { like: flags.like }),
            onEvent: told,
            signal,
          }),
        );
        const like =
          flags.like === undefined
            ? undefined
            : await compareReports(workspace, await findRun(workspace, flags.like), run.id);
        return { run, like, report: await writeReport(workspace, run.id) };
      }),
    summary: ({ run, like, report }) => ({
      ...runSummary(run, report.path, workspace),
      ...(like === undefined ? {} : { like: toJson(like) }),
    }),
    text: ({ like, report }) =>
      summaryText(report.data, report.path) + (like === undefined ? "" : likeText(like)),
  });
}

/** Runs, and then keeps the recipe of what ran, also when it failed. */
async function withRecipe<T>(
  workspace: Workspace,
  onEvent: (event: MoonlightEvent) => void,
  work: (onEvent: (event: MoonlightEvent) => void) => Promise<T>,
): Promise<T> {
  let id: string | undefined;
  const told = (event: MoonlightEvent): void => {
    id ??= event.run;
    onEvent(event);
  };
  try {
    return await work(told);
  } finally {
    // What the user must hear of is how the run ended, not that its recipe could not be copied (a full disk, a tampered store).
    if (id !== undefined) await keepRecipe(workspace, id).catch(() => undefined);
  }
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
      `--resume and --like take the run's own parameters; ${name} cannot be given beside them.`,
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
