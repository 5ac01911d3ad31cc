import type { Command } from "commander";
import { toJson } from "../artifact/reference.ts";
import { planStage } from "../plan/plan-stage.ts";
import { runStageDetailed } from "../runner/run-stage.ts";
import type { EventListener } from "../runner/event-sink.ts";
import { createSession } from "../runner/session.ts";
import type { Stage } from "../stage/define-stage.ts";
import { openWorkspace } from "../workspace/workspace.ts";
import { assembleInput, openArtifacts } from "./command-input.ts";
import type { CommonFlags, StageCommandOptions } from "./common-options.ts";
import { jsonValue } from "./flag-value.ts";
import { nameFlags } from "./flag-name.ts";
import { pageCommand } from "./help-page.ts";
import { commandInput, givenTexts, type CommandInput } from "./input-options.ts";
import { planText } from "./plan-table.ts";
import { resultTable } from "./result-table.ts";
import { resultScreen } from "./io.ts";
import { cliSession, present } from "./session.ts";
import { stagePage } from "./stage-page.ts";
import { subcommandAction } from "./subcommand.ts";

interface StageFlags extends CommonFlags {
  readonly force?: boolean;
  readonly plan?: boolean;
  readonly inputJson?: string;
}

/** A stage as a command: its flags, help and checks come from the input schema. Run the program with `runCli`. */
export function stageCommand(stage: Stage, options: StageCommandOptions = {}): Command {
  const command = pageCommand(stagePage(stage));
  const declared = commandInput(stage);
  for (const one of stage.commands ?? []) {
    const inner = command.commands.find((child) => child.name() === one.name);
    if (inner !== undefined) subcommandAction(inner, stage, one, options);
  }
  command.action(async () => runCommand(command, stage, declared, options));
  return command;
}

async function runCommand(
  command: Command,
  stage: Stage,
  declared: CommandInput,
  options: StageCommandOptions,
): Promise<void> {
  const common: StageFlags = command.optsWithGlobals();
  const { io } = cliSession(command);
  const config = (await options.config?.()) ?? {};
  const base =
    common.inputJson === undefined
      ? config.input
      : jsonValue({ name: "--input-json" }, common.inputJson);
  const raw = assembleInput(declared.flags, givenTexts(command, declared), base);
  const path = common.workspace ?? (io.env["MOONLIGHT_WORKSPACE"] || config.workspace);
  const workspace = openWorkspace(path, io.env);
  const json = common.json ?? false;
  const prepare = async (onEvent: EventListener, signal: AbortSignal) => {
    const force = common.force ?? false;
    const runner = { workspace: workspace.root, force, env: io.env, onEvent, signal };
    const emit = createSession(runner).sink.emitter(stage.name);
    const remember = common.plan !== true;
    const input = await openArtifacts(stage.input, raw, { workspace, remember, signal, emit });
    return { input, runner };
  };
  if (common.plan === true) {
    await present(command, {
      json,
      work: async (onEvent, signal) => {
        const { input, runner } = await prepare(onEvent, signal);
        return nameFlags(() => planStage(stage, input as never, runner));
      },
      summary: (plan) => ({ stage: stage.name, plan: toJson(plan) }),
      text: (plan) => planText({ stages: [plan] }, resultScreen(io)),
    });
    return;
  }
  await present(command, {
    json,
    work: async (onEvent, signal) => {
      const { input, runner } = await prepare(onEvent, signal);
      return nameFlags(() => runStageDetailed(stage, input, runner));
    },
    summary: ({ key, reused, seconds, output }) => ({
      stage: stage.name,
      key,
      reused,
      seconds,
      output: toJson(output, workspace),
    }),
    text: ({ output }) => stage.present?.(output as never) ?? resultTable(output),
    verdict: ({ verdict }) => verdict,
  });
}
