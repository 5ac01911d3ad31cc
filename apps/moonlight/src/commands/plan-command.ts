import { Command } from "commander";
import {
  addCommonOptions,
  cliSession,
  openWorkspace,
  planPipeline,
  planText,
  present,
  toJson,
} from "@moonlight-rl/pipeline";
import { withEndpoint } from "../hub/bundled-hub.ts";
import { moonlight } from "../pipeline/moonlight.ts";
import { addRunOptions, paramsOf, type RunFlags } from "./run-options.ts";

const EXAMPLES = `Examples:
  $ moonlight plan                                   what a run would do, and why
  $ moonlight plan --set optimizer.lr=1e-4           what a change would cost
`;

/** `moonlight plan`: what `run` with the same flags would do; changes nothing. */
export function planCommand(): Command {
  const command = new Command("plan").description(
    "Say what a run would do and why: reuse or run, first differing input, bytes, commands.",
  );
  command.addHelpText("before", EXAMPLES);
  addCommonOptions(addRunOptions(command)).action(async (files: string[]) => {
    const flags: RunFlags = command.optsWithGlobals();
    const { io } = cliSession(command);
    const workspace = openWorkspace(flags.workspace, io.env);
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
              onEvent,
              signal,
            },
          ),
        ),
      summary: (plan) => ({ plan: toJson(plan) }),
      text: planText,
    });
  });
  return command;
}
