import { Command, Option } from "commander";
import { addCommonOptions } from "./common-options.ts";

/**
 * What a command's help says of it. A stage package keeps its page as `help.json`, so that `--help` reads neither schemas nor the
 * machinery around them: this module needs commander alone, and has to stay so.
 */
export interface HelpPage {
  readonly name: string;
  readonly description: string;
  /** What follows the words of the command in typical calls. */
  readonly examples: readonly string[];
  readonly arguments: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly {
    readonly flags: string;
    readonly description: string;
    readonly hidden?: true;
  }[];
  /** A stage's subcommands; absent in the page of a subcommand. */
  readonly commands?: readonly HelpPage[];
}

/** The command that a page describes, with the options that every stage or subcommand has, and nothing that acts. */
export function pageCommand(page: HelpPage): Command {
  const command = new Command(page.name).description(page.description);
  command.addHelpText("before", () => examplesOf(command, page.examples));
  for (const { name, description } of page.arguments) command.argument(name, description);
  for (const { flags, description, hidden } of page.options) {
    const option = new Option(flags, description).hideHelp(hidden === true);
    command.addOption(option.required ? option.argParser(collect) : option);
  }
  // Also says that the word `help` is an argument like any other.
  command.action(() => {
    throw new Error(`${page.name} has its help and nothing to do`);
  });
  addCommonOptions(command);
  if (page.commands === undefined) return command;
  command
    .option("--force", "ignore a cached result and replace it")
    .option("--dry-run, --plan", "say what would be done, and do nothing")
    .option(
      "--input-json <json>",
      "the whole input as JSON, or @FILE (@- = standard input); flags change it",
    );
  // A flag behind a subcommand is the subcommand's, also where both have one of that name.
  command.enablePositionalOptions();
  for (const one of page.commands) command.addCommand(pageCommand(one));
  return command;
}

function collect(value: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), value];
}

function examplesOf(command: Command, examples: readonly string[]): string {
  const names: string[] = [];
  for (let at: Command | null = command; at !== null; at = at.parent) names.unshift(at.name());
  const lines = examples.map((line) => example(`${names.join(" ")} ${line}`.trimEnd()));
  return ["Examples:", ...lines, ""].join("\n");
}

const WIDTH = 80;

/** A line for a shell; a long one goes on before a flag or a redirection, so that it can be copied from a narrow screen. */
function example(command: string): string {
  const parts = command.split(/ (?=--|>|\|)/);
  const lines: string[] = [];
  let line = `  $ ${parts[0]}`;
  for (const part of parts.slice(1)) {
    if (line.length + part.length + 3 <= WIDTH) line += ` ${part}`;
    else {
      lines.push(`${line} \\`);
      line = `      ${part}`;
    }
  }
  return [...lines, line].join("\n");
}
