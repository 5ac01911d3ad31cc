import type { Command } from "commander";
import {
  cliSession,
  planPipeline,
  planText,
  present,
  resultScreen,
  toJson,
} from "@moonlight-rl/pipeline";
import { openCommand } from "../config/command-workspace.ts";
import { settingsOf } from "../config/settings.ts";
import { withEndpoint } from "../hub/bundled-hub.ts";
import { moonlight } from "../pipeline/moonlight.ts";
import { mustReuse, paramsOf, type RunFlags } from "./run-flags.ts";

/** What `moonlight plan` does. */
export async function planAction(command: Command, files: readonly string[]): Promise<void> {
  const flags: RunFlags = command.optsWithGlobals();
  const { io } = cliSession(command);
  const { workspace, loaded } = await openCommand(command);
  const reuse = mustReuse(flags);
  const { params: given } = settingsOf(paramsOf(flags, files), io.env, loaded?.config);
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
    text: (plan) => planText(plan, resultScreen(io)),
  });
}
