import type { Command } from "commander";
import { MoonlightError, toMoonlightError, validate } from "@moonlight-rl/core";
import { toJson } from "../artifact/reference.ts";
import { createSession, planContext } from "../runner/session.ts";
import type { Stage } from "../stage/define-stage.ts";
import type { Subcommand } from "../stage/subcommand.ts";
import { openWorkspace } from "../workspace/workspace.ts";
import { assembleInput, openArtifacts } from "./command-input.ts";
import type { CommonFlags, StageCommandOptions } from "./common-options.ts";
import { nameFlags } from "./flag-name.ts";
import { commandInput, givenTexts } from "./input-options.ts";
import { resultTable } from "./result-table.ts";
import { resultScreen } from "./io.ts";
import { cliSession, present } from "./session.ts";

/** Lets a command, as `pageCommand` has made it, do what a stage's subcommand does. */
export function subcommandAction(
  command: Command,
  stage: Stage,
  definition: Subcommand,
  options: StageCommandOptions,
): void {
  const declared = commandInput(definition);
  command.action(async () => {
    const common: CommonFlags = command.optsWithGlobals();
    const { io } = cliSession(command);
    const config = (await options.config?.()) ?? {};
    const raw = assembleInput(declared.flags, givenTexts(command, declared), {});
    const path = common.workspace ?? (io.env["MOONLIGHT_WORKSPACE"] || config.workspace);
    const workspace = openWorkspace(path, io.env);
    await present(command, {
      json: common.json ?? false,
      work: async (onEvent, signal) => {
        const session = createSession({ workspace: workspace.root, env: io.env, onEvent, signal });
        const context = planContext(session, stage.name);
        const input = await openArtifacts(definition.input, raw, { ...context, workspace });
        return await nameFlags(async () => {
          const what = `input of ${stage.name} ${definition.name}`;
          const checked = validate(definition.input, input, { what });
          return outputOf(definition, await definition.run(checked, context));
        });
      },
      summary: (output) => ({
        stage: stage.name,
        command: definition.name,
        output: toJson(output, workspace),
      }),
      text: (output) => definition.present?.(output, resultScreen(io)) ?? resultTable(output),
      verdict: (output) => definition.verdict?.(output),
    });
  });
}

function outputOf(definition: Subcommand, output: unknown): Record<string, unknown> {
  try {
    return validate(definition.output, output, { what: `output of ${definition.name}` });
  } catch (cause) {
    throw new MoonlightError("STAGE_OUTPUT_INVALID", toMoonlightError(cause).message, {
      cause,
      hint: "The command does not keep its own contract: this is a fault of the command.",
    });
  }
}
