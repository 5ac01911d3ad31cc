import { Option, type Command } from "commander";
import type { z } from "zod";
import { UsageError } from "@moonlight-rl/core";
import { flagsOf, type Flag } from "./flag.ts";

/** An input schema as a command declares it. */
export interface CommandInput {
  readonly flags: readonly Flag[];
  /** The flags that may also, or must, be given as arguments, in their order. */
  readonly positionals: readonly Flag[];
}

interface InputDeclaration {
  readonly input: z.ZodObject;
  readonly positionals?: readonly string[];
  readonly examples?: readonly string[];
}

/** Declares the fields of an input on a command: flags, positional arguments, and examples before the help. */
export function declareInput(command: Command, declaration: InputDeclaration): CommandInput {
  const flags = flagsOf(declaration.input);
  const positionals = (declaration.positionals ?? []).map((field) => {
    const flag = flags.find(({ path }) => path.length === 1 && path[0] === field);
    if (flag !== undefined) return flag;
    throw new UsageError("STAGE_CONTRACT", `Positional "${field}" is no field of the input.`, {
      field,
    });
  });
  command.addHelpText("before", () => examples(command, declaration, { flags, positionals }));
  for (const flag of positionals) {
    const name = `${flag.name.slice(2)}${flag.repeatable ? "..." : ""}`;
    command.argument(flag.required ? `<${name}>` : `[${name}]`, describe(flag, false));
  }
  for (const flag of flags) {
    if (!(flag.required && positionals.includes(flag)))
      for (const option of toOptions(flag)) command.addOption(option);
  }
  return { flags, positionals };
}

/** The texts that the command line gives to the fields, by flag. */
export function givenTexts(
  command: Command,
  { flags, positionals }: CommandInput,
): ReadonlyMap<string, readonly string[] | boolean> {
  const values: Record<string, readonly string[] | boolean | undefined> = command.opts();
  const texts = new Map<string, readonly string[] | boolean>();
  for (const flag of flags) {
    const value = values[new Option(flag.name).attributeName()];
    if (value !== undefined) texts.set(flag.name, value);
  }
  for (const [i, flag] of positionals.entries()) {
    const value = flag.repeatable ? command.args.slice(i) : command.args.slice(i, i + 1);
    if (value.length === 0) continue;
    if (texts.has(flag.name))
      throw new UsageError(
        "INVALID_FLAG",
        `${flag.name} is given twice: as a flag, and as the argument "${value.join(" ")}".`,
        { field: flag.name, hint: "Leave one of them out." },
      );
    texts.set(flag.name, value);
  }
  return texts;
}

function toOptions(flag: Flag): Option[] {
  const text = describe(flag, true);
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

function describe(flag: Flag, asFlag: boolean): string {
  const facts = [
    asFlag && flag.required && flag.type !== "object" ? "required" : undefined,
    asFlag && flag.repeatable ? "repeatable" : undefined,
    flag.choices === undefined ? undefined : `one of: ${flag.choices.join(", ")}`,
    flag.defaultText === undefined ? undefined : `default: ${flag.defaultText}`,
  ].filter((fact) => fact !== undefined);
  return [flag.description, facts.length === 0 ? undefined : `(${facts.join("; ")})`]
    .filter((part) => part !== undefined)
    .join(" ");
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

function examples(
  command: Command,
  declaration: InputDeclaration,
  { flags, positionals }: CommandInput,
): string {
  const names: string[] = [];
  for (let at: Command | null = command; at !== null; at = at.parent) names.unshift(at.name());
  const needed = flags
    .filter((flag) => flag.required && flag.path.length === 1 && flag.type !== "object")
    .map((flag) => {
      const value = (flag.choices?.[0] ?? placeholder(flag)).toUpperCase();
      return positionals.includes(flag) ? value : `${flag.name} ${value}`;
    });
  const lines = declaration.examples ?? [needed.join(" ")];
  return ["Examples:", ...lines.map((line) => `  $ ${names.join(" ")} ${line}`.trimEnd()), ""].join(
    "\n",
  );
}
