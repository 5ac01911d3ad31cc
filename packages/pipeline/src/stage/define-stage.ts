import type { z } from "zod";
import { UsageError, type MoonlightError } from "@moonlight-rl/core";
import type { PlanAction, PlanContext, StageContext } from "./context.ts";
import { assertCommandName, type Subcommand } from "./subcommand.ts";

/** The version of this contract; stages of another version are refused by number, never by `instanceof`. */
export const CONTRACT = 1;

/** What a stage's author writes. */
export interface StageDefinition<N extends string, I extends z.ZodObject, O extends z.ZodObject> {
  /** kebab-case; also the name of the command. */
  readonly name: N;
  /** One line for `--help`. */
  readonly title?: string;
  /** Always `import.meta.url`: finds the built package whose digest is part of the cache key. */
  readonly from: string;
  /** Must accept its own output again (defaults are fine, type-changing transforms are not): resolved inputs pass it twice. */
  readonly input: I;
  readonly output: O;
  /** Arguments of typical calls, shown first in `--help`: `"--repo moonshotai/Moonlight-16B-A3B"`. */
  readonly examples?: readonly string[];
  /** Fields that the command also takes without a flag, in this order; a list takes the rest. */
  readonly positionals?: readonly (keyof z.output<I> & string)[];
  /** Further commands of the package, from `defineSubcommand`: `moonlight fetch verify …`. */
  readonly commands?: readonly Subcommand[];
  /** Replaces moving references by fixed ones (`main` → commit) before the key is made. Reads only. */
  resolve?(input: z.output<I>, context: PlanContext): Promise<z.output<I>>;
  /** What `run` would do, without side effects. */
  plan?(input: z.output<I>, context: PlanContext): Promise<readonly PlanAction[]>;
  run(input: z.output<I>, context: StageContext): Promise<z.input<O>>;
  /** What the command prints on standard output for people; undefined (default): a table of the output. */
  present?(output: z.output<O>): string | undefined;
  /**
   * What is wrong with a result that is complete and kept (a gate that it misses): told after the output and thrown, so that the
   * exit code is this error's. Asked for reused results too; looks at nothing else.
   */
  verdict?(output: z.output<O>, input: z.output<I>): MoonlightError | undefined;
  /** false = the result depends on more than the input (a remote endpoint) and is never reused. Default true. */
  cacheable?(input: z.output<I>): boolean;
  /**
   * Whether everything is in place that the input asks for beside artifacts: files in a folder of the caller's own. When it is not,
   * a cached result is not all that is asked for: the stage runs, finds that result in `ctx.cached`, and its own is remembered.
   * Reads only. Default: it is.
   */
  delivered?(input: z.output<I>): Promise<boolean>;
}

export interface Stage<
  N extends string = string,
  I extends z.ZodObject = z.ZodObject,
  O extends z.ZodObject = z.ZodObject,
> extends StageDefinition<N, I, O> {
  readonly contract: typeof CONTRACT;
}

/** What callers pass to a stage (before defaults). */
export type StageInput<S extends Stage> = z.input<S["input"]>;
/** What a stage hands back. */
export type StageOutput<S extends Stage> = z.output<S["output"]>;

/**
 * Declares a stage; the result is plain data and functions and composes with any other of this contract.
 *
 * @example
 * import { defineStage, runStage } from "@moonlight-rl/pipeline";
 * import { z } from "zod";
 *
 * const square = defineStage({
 *   name: "square",
 *   from: import.meta.url,
 *   input: z.strictObject({ n: z.number().describe("number to square") }),
 *   output: z.object({ result: z.number() }),
 *   run: async ({ n }) => ({ result: n * n }),
 * });
 * const { result } = await runStage(square, { n: 7 });
 * result; // 49
 */
export function defineStage<N extends string, I extends z.ZodObject, O extends z.ZodObject>(
  definition: StageDefinition<N, I, O>,
): Stage<N, I, O> {
  assertCommandName(definition.name, "Stage");
  return { ...definition, contract: CONTRACT };
}

/** Refuses what is not a stage of this contract. */
export function assertStage(stage: Stage): void {
  const contract: unknown = stage.contract;
  if (contract === CONTRACT) return;
  throw new UsageError(
    "STAGE_CONTRACT",
    `Stage "${stage.name}" has contract ${String(contract)}; this pipeline runs contract ${CONTRACT}.`,
    { hint: "Install versions of the stage and of @moonlight-rl/pipeline that fit each other." },
  );
}
