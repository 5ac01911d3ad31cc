import {
  closest,
  formatDuration,
  formatTable,
  UsageError,
  type MoonlightEvent,
} from "@moonlight-rl/core";
import { cliSession, present, runPipeline, toJson, type Workspace } from "@moonlight-rl/pipeline";
import type { Command } from "commander";
import type { LoadedConfig } from "../config/load-config.ts";
import { recordedConfig } from "../config/recorded-config.ts";
import { withEndpoint } from "../hub/bundled-hub.ts";
import type { RunFlags } from "./run-flags.ts";

type Listener = (event: MoonlightEvent) => void;

/** `moonlight run --pipeline NAME`: a pipeline of the user's configuration, with `--param` for its parameters. */
export async function runCustom(
  command: Command,
  flags: RunFlags,
  workspace: Workspace,
  loaded: LoadedConfig | undefined,
): Promise<void> {
  const { io } = cliSession(command);
  const name = flags.pipeline ?? "";
  const pipelines = loaded?.config.pipelines ?? {};
  const pipeline = Object.hasOwn(pipelines, name) ? pipelines[name] : undefined;
  if (pipeline === undefined) {
    const near = closest(name, Object.keys(pipelines));
    throw new UsageError("PIPELINE_UNKNOWN", `The configuration has no pipeline "${name}".`, {
      field: "--pipeline",
      hint:
        loaded === undefined
          ? "There is no moonlight.config.mjs here: make one, or name it with --config."
          : near === undefined
            ? `Pipelines of ${loaded.file}: ${Object.keys(pipelines).join(", ") || "none"}.`
            : `Did you mean "${near}"?`,
    });
  }
  if (flags.endpoint !== undefined && !Object.hasOwn(pipeline.params.shape, "endpoint"))
    throw new UsageError("RUN_FLAGS", `The pipeline "${name}" has no parameter endpoint.`, {
      field: "--endpoint",
      hint: "Set HF_ENDPOINT, which its stages read, or give the pipeline a parameter of that name.",
    });
  const repeated = flags.resume ?? flags.like;
  const given = flags.param === undefined && repeated !== undefined ? undefined : parameters(flags);
  const run = (endpoint: string | undefined, onEvent: Listener, signal: AbortSignal) => {
    const params = endpoint === undefined ? given : { ...given, endpoint };
    return runPipeline(pipeline, params as never, {
      workspace: workspace.root,
      env: io.env,
      force: flags.force ?? false,
      ...recordedConfig(loaded),
      ...(flags.resume === undefined ? {} : { resume: flags.resume }),
      ...(flags.like === undefined ? {} : { like: flags.like }),
      onEvent,
      signal,
    });
  };
  await present(command, {
    json: flags.json ?? false,
    work: (onEvent, signal) =>
      flags.endpoint === undefined
        ? run(undefined, onEvent, signal)
        : withEndpoint({ profile: "tiny", endpoint: flags.endpoint }, io.env, (endpoint) =>
            run(endpoint, onEvent, signal),
          ),
    summary: (run) => ({
      run: run.id,
      seconds: run.seconds,
      stages: run.stages.map(({ id, reused, seconds }) => ({ id, reused, seconds })),
      outputs: toJson(run.outputs ?? null, workspace),
    }),
    text: ({ id, stages, seconds }) =>
      `\n${formatTable(
        [{ title: "stage" }, { title: "time" }],
        [
          ...stages.map((stage) => [
            stage.id,
            stage.reused ? "reused" : formatDuration(stage.seconds),
          ]),
          ["total", formatDuration(seconds)],
        ],
      )}\n\nrun  ${id}`,
  });
}

/** `--param name=value`; a value that is JSON is that, any other is text. */
function parameters({ param = [] }: RunFlags): Record<string, unknown> {
  return Object.fromEntries(
    param.map((one) => {
      const at = one.indexOf("=");
      if (at < 1)
        throw new UsageError("RUN_FLAGS", `--param ${one} is not name=value.`, {
          field: "--param",
          hint: "For example --param count=3.",
        });
      const text = one.slice(at + 1);
      try {
        return [one.slice(0, at), JSON.parse(text) as unknown];
      } catch {
        return [one.slice(0, at), text];
      }
    }),
  );
}
