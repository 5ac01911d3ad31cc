import type { Command, Option } from "commander";

export interface CompletionOption {
  /** `--profile`. */
  readonly flag: string;
  readonly description: string;
  readonly takesValue: boolean;
  /** What the value may be; empty when it is free: a file name, then. */
  readonly choices: readonly string[];
}

/** One command with the words that may follow it. */
export interface CompletionNode {
  /** Words that lead to it: "moonlight runs list". */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly CompletionOption[];
}

/** The commands of a program, parents before their children. */
export function commandTree(program: Command, path: string = program.name()): CompletionNode[] {
  const commands = program.commands.map((command) => ({
    name: command.name(),
    description: oneLine(command.description()),
  }));
  // `help` and `--help` are commander's own and not in its lists.
  const help = { flag: "--help", description: "display help", takesValue: false, choices: [] };
  const own: CompletionNode = {
    path,
    commands: path.includes(" ")
      ? commands
      : [...commands, { name: "help", description: "display help for a command" }],
    options: [...program.options.filter(({ hidden }) => !hidden).map(completionOption), help],
  };
  return [
    own,
    ...program.commands.flatMap((child) => commandTree(child, `${path} ${child.name()}`)),
  ];
}

function completionOption(option: Option): CompletionOption {
  return {
    flag: option.long ?? option.short ?? "",
    description: oneLine(option.description),
    takesValue: option.required || option.optional,
    choices: option.argChoices ?? [],
  };
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}
