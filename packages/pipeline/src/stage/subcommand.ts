import type { z } from "zod";
import { UsageError, type MoonlightError } from "@moonlight-rl/core";
import type { TextScreen } from "../cli/io.ts";
import type { PlanContext } from "./context.ts";

/**
 * Something else that a stage's package can do: `moonlight fetch verify PATH`. It looks at things and answers;
 * it has no key, is never cached, and publishes nothing.
 */
export interface Subcommand<
  N extends string = string,
  I extends z.ZodObject = z.ZodObject,
  O extends z.ZodObject = z.ZodObject,
> {
  /** kebab-case; the word after the stage's name. */
  readonly name: N;
  /** One line for `--help`. */
  readonly title: string;
  /** Arguments of typical calls, shown first in `--help`: `"./Moonlight-16B-A3B --json"`. */
  readonly examples?: readonly string[];
  readonly input: I;
  /** Fields that are given in this order without a flag. One that is required has no flag at all; a list takes the rest. */
  readonly positionals?: readonly (keyof z.output<I> & string)[];
  readonly output: O;
  run(input: z.output<I>, context: PlanContext): Promise<z.input<O>>;
  /** What is printed on standard output for people; default a table of the output. */
  present?(output: z.output<O>, screen?: TextScreen): string;
  /** What is wrong with what was found: told after the output, and the exit code is this error's. */
  verdict?(output: z.output<O>): MoonlightError | undefined;
}

/** Declares a subcommand, for the `commands` of `defineStage`. */
export function defineSubcommand<N extends string, I extends z.ZodObject, O extends z.ZodObject>(
  definition: Subcommand<N, I, O>,
): Subcommand<N, I, O> {
  assertCommandName(definition.name, "Subcommand");
  return definition;
}

/** Names of stages and of their subcommands. */
export function assertCommandName(name: string, what: string): void {
  if (/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) return;
  throw new UsageError("STAGE_NAME_INVALID", `${what} name "${name}" is not kebab-case.`);
}
