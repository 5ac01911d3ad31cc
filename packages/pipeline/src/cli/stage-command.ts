import { Command, Option } from "commander";
import { isMoonlightError, UsageError } from "@moonlight-rl/core";
import type { JsonObject } from "../artifact/artifact.ts";
import { toJson } from "../artifact/reference.ts";
import { planStage } from "../plan/plan-stage.ts";
import { runStageDetailed } from "../runner/run-stage.ts";
import type { EventListener } from "../runner/event-sink.ts";
import { createSession } from "../runner/session.ts";
import type { Stage } from "../stage/define-stage.ts";
import { openWorkspace } from "../workspace/workspace.ts";
import { assembleInput, openArtifacts } from "./command-input.ts";
import { jsonValue } from "./flag-value.ts";
import { flagsOf, type Flag } from "./flag.ts";
import { flagName } from "./flag-name.ts";
import { planText } from "./plan-table.ts";
import { resultTable } from "./result-table.ts";
import { cliSession, present } from "./session.ts";

export interface StageCommandOptions {
  /** What a project's configuration says; flags and the environment come first. Read when the command runs. */
  readonly config?: () => Promise<{ readonly workspace?: string; readonly input?: JsonObject }>;
}

interface CommonOptions {
  readonly json?: boolean;
  readonly workspace?: string;
  readonly force?: boolean;
  readonly plan?: boolean;
  readonly inputJson?: string;
}

/** A stage as a command: its flags, help and checks come from the input schema. Run the program with `runCli`. */
export function stageCommand(stage: Stage, options: StageCommandOptions = {}): Command {
  const flags = flagsOf(stage.input);
  const command = new Command(stage.name).description(
    stage.title ?? `Run the stage ${stage.name}.`,
  );
  command.addHelpText("before", () => examples(command, stage, flags));
  for (const flag of flags) for (const option of toOptions(flag)) command.addOption(option);
  addCommonOptions(command)
    .option("--force", "ignore a cached result and replace it")
    .option("--plan", "say what would be done, and do nothing")
    .option(
      "--input-json <json>",
      "the whole input as JSON, or @FILE (@- = standard input); flags change it",
    );
  command.action(async () => runCommand(command, stage, flags, options));
  return command;
}

/** Options that every command has. */
export function addCommonOptions(command: Command): Command {
  return command
    .option("--json", "print events and a summary as JSON lines")
    .option("--workspace <folder>", "workspace (default: $MOONLIGHT_WORKSPACE or .moonlight)")
    .option("--debug", "show stacks of errors");
}

async function runCommand(
  command: Command,
  stage: Stage,
  flags: readonly Flag[],
  options: StageCommandOptions,
): Promise<void> {
  const common: CommonOptions = command.optsWithGlobals();
  const { io } = cliSession(command);
  const config = (await options.config?.()) ?? {};
  const base =
    common.inputJson === undefined
      ? config.input
      : jsonValue({ name: "--input-json" }, common.inputJson);
  const raw = assembleInput(flags, givenTexts(command, flags), base);
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
      text: (plan) => planText({ stages: [plan] }),
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
  });
}

/** Errors about a field of the input are told in terms of its flag. */
async function nameFlags<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isMoonlightError(error) || error.code !== "INVALID_INPUT" || !error.field) throw error;
    throw new UsageError(error.code, error.message, {
      field: flagName(error.field.split(".")),
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      cause: error,
    });
  }
}

function toOptions(flag: Flag): Option[] {
  const facts = [
    flag.required && flag.type !== "object" ? "required" : undefined,
    flag.repeatable ? "repeatable" : undefined,
    flag.choices === undefined ? undefined : `one of: ${flag.choices.join(", ")}`,
    flag.defaultText === undefined ? undefined : `default: ${flag.defaultText}`,
  ].filter((fact) => fact !== undefined);
  const text = [flag.description, facts.length === 0 ? undefined : `(${facts.join("; ")})`]
    .filter((part) => part !== undefined)
    .join(" ");
  if (flag.type === "boolean" && !flag.repeatable) {
    return [
      new Option(flag.name, text),
      new Option(flag.name.replace(/^--/, "--no-"), "").hideHelp(flag.defaultText !== "true"),
    ];
  }
  const collect = (value: string, before: readonly string[] | undefined): string[] => [
    ...(before ?? []),
    value,
  ];
  return [new Option(`${flag.name} <${placeholder(flag)}>`, text).argParser(collect)];
}

function placeholder(flag: Flag): string {
  switch (flag.type) {
    case "artifact":
      return "folder";
    case "object":
    case "json":
      return "json";
    case "record":
      return "key=value";
    case "choice":
      return "choice";
    case "number":
      return "number";
    default:
      return "text";
  }
}

function givenTexts(
  command: Command,
  flags: readonly Flag[],
): ReadonlyMap<string, readonly string[] | boolean> {
  const values: Record<string, readonly string[] | boolean | undefined> = command.opts();
  const texts = new Map<string, readonly string[] | boolean>();
  for (const flag of flags) {
    const attribute = new Option(flag.name).attributeName();
    const value = values[attribute];
    if (value !== undefined) texts.set(flag.name, value);
  }
  return texts;
}

function examples(command: Command, stage: Stage, flags: readonly Flag[]): string {
  const names: string[] = [];
  for (let at: Command | null = command; at !== null; at = at.parent) names.unshift(at.name());
  const needed = flags
    .filter((flag) => flag.required && flag.path.length === 1 && flag.type !== "object")
    .map((flag) => `${flag.name} ${(flag.choices?.[0] ?? placeholder(flag)).toUpperCase()}`);
  const lines = stage.examples ?? [needed.join(" ")];
  return ["Examples:", ...lines.map((line) => `  $ ${names.join(" ")} ${line}`.trimEnd()), ""].join(
    "\n",
  );
}
