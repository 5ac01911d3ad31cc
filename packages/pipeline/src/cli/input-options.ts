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

/** What a stage or subcommand says of its input. */
export interface InputDeclaration {
  readonly input: z.ZodObject;
  readonly positionals?: readonly string[];
}

/** The flags and positional arguments of an input. */
export function commandInput(declaration: InputDeclaration): CommandInput {
  const flags = flagsOf(declaration.input);
  const positionals = (declaration.positionals ?? []).map((field) => {
    const flag = flags.find(({ path }) => path.length === 1 && path[0] === field);
    if (flag !== undefined) return flag;
    throw new UsageError("STAGE_CONTRACT", `Positional "${field}" is no field of the input.`, {
      field,
    });
  });
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
