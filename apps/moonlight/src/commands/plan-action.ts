import type { Command } from "commander";
import {
  cliSession,
  openWorkspace,
  planPipeline,
  planText,
  present,
  toJson,
} from "@moonlight-rl/pipeline";
import { withEndpoint } from "../hub/bundled-hub.ts";
import { moonlight } from "../pipeline/moonlight.ts";
import { mustReuse, paramsOf, type RunFlags } from "./run-options.ts";

/** What `moonlight plan` does. */
export async function planAction(command: Command, files: readonly string[]): Promise<void> {
  const flags: RunFlags = command.optsWithGlobals();
  const { io } = cliSession(command);
  const workspace = openWorkspace(flags.workspace, io.env);
  const reuse = mustReuse(flags);
  const given = paramsOf(flags, files);
  await present(command, {
    json: flags.json ?? false,
    work: (onEvent, signal) =>
      withEndpoint({ profile: "tiny", ...given }, io.env, (endpoint) =>
        planPipeline(
          moonlight,
          { ...given, ...(endpoint === undefined ? {} : { endpoint }) },
          {
            workspace: workspace.root,
            env: io.env,
            force: flags.force ?? false,
            ...reuse,
            onEvent,
            signal,
          },
        ),
      ),
    summary: (plan) => ({ plan: toJson(plan) }),
    text: planText,
  });
}
