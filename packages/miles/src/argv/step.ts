import type { Args } from "./args.ts";
import type { World } from "./world.ts";

/** The reference's order: each stage runs only when the ones before found nothing. */
export type ArgvStage = "argparse" | "hf" | "miles" | "megatron" | "init" | "config";

/** Where and why, when that differs from case to case within one rule. */
export interface Violation {
  readonly at?: string;
  readonly outside?: string;
  readonly reason?: string;
}

/** A condition on which the reference refuses the run. */
export interface ArgvRule {
  readonly kind: "rule";
  /** Stable, kebab-case, its subject in front. */
  readonly id: string;
  /** file:line of the reference that refuses. */
  readonly at: string;
  /** The flags to look at, the likeliest culprit first. */
  readonly flags: readonly string[];
  readonly reason: string;
  readonly fix: string;
  /** Part of the path where Python raises, when that is outside of the reference's code. */
  readonly outside?: string;
  /** Bad values that make Python itself fail (None in a comparison, division by zero) are violations too. */
  readonly violated: (args: Args, world: World) => boolean | Violation;
}

/** A value that the reference sets or replaces by itself. */
export interface Override {
  readonly kind: "override";
  readonly id: string;
  readonly at: string;
  readonly flags: readonly string[];
  /** What a user should know about it; null: plumbing. */
  readonly reason: string | null;
  readonly apply: (args: Args, world: World) => void;
}

export type Step = ArgvRule | Override;

export function rule(
  id: string,
  at: string,
  flags: readonly string[],
  reason: string,
  fix: string,
  violated: ArgvRule["violated"],
  outside?: string,
): ArgvRule {
  return {
    kind: "rule",
    id,
    at,
    flags,
    reason,
    fix,
    violated,
    ...(outside === undefined ? {} : { outside }),
  };
}

export function override(
  id: string,
  at: string,
  flags: readonly string[],
  reason: string | null,
  apply: Override["apply"],
): Override {
  return { kind: "override", id, at, flags, reason, apply };
}

/** References: a line of the file that its name abbreviates. */
export const miles = (line: number): string => `miles/utils/arguments.py:${line}`;
export const milesDefaults = (line: number): string =>
  `miles/backends/megatron_utils/arguments.py:${line}`;
export const megatron = (line: number): string => `megatron/training/arguments.py:${line}`;
export const transformer = (line: number): string =>
  `megatron/core/transformer/transformer_config.py:${line}`;
export const modelParallel = (line: number): string =>
  `megatron/core/model_parallel_config.py:${line}`;
export const parallelState = (line: number): string => `megatron/core/parallel_state.py:${line}`;
