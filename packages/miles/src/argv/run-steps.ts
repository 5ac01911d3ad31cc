import { describe, type Args } from "./args.ts";
import type { Value } from "./flag-spec.ts";
import { flagTable } from "./flag-table.ts";
import { PythonFault } from "./python-fault.ts";
import type { ArgvRule, Step, Violation } from "./step.ts";
import type { World } from "./world.ts";

/** Something that the reference sets or replaces without asking. */
export interface OverrideNote {
  readonly id: string;
  /** Attribute of the namespace. */
  readonly name: string;
  readonly from: Value;
  readonly to: Value;
  readonly flags: readonly string[];
  readonly reason: string;
  /** file:line of the reference. */
  readonly at: string;
}

/** The first rule that the namespace breaks. */
export interface BrokenRule {
  readonly id: string;
  readonly flags: readonly string[];
  readonly at: string;
  /** Part of a path outside of the reference's code where Python raises. */
  readonly outside?: string;
  readonly message: string;
  readonly fix: string;
}

/** Runs steps in order on the namespace, changing it; ends at the first broken rule. */
export function runSteps(
  steps: readonly Step[],
  args: Args,
  world: World,
  notes: OverrideNote[],
): BrokenRule | undefined {
  for (const step of steps) {
    const broken =
      step.kind === "rule" ? judge(step, args, world) : change(step, args, world, notes);
    if (broken !== undefined) return broken;
  }
  return undefined;
}

function judge(rule: ArgvRule, args: Args, world: World): BrokenRule | undefined {
  try {
    const violated = rule.violated(args, world);
    if (violated === false) return undefined;
    return broken(rule, args, violated === true ? {} : violated);
  } catch (error) {
    if (!(error instanceof PythonFault)) throw error;
    return broken(rule, args, { reason: `${error.type}: ${error.message}` });
  }
}

function broken(rule: ArgvRule, args: Args, violation: Violation): BrokenRule {
  const outside = violation.outside ?? rule.outside;
  const reason =
    violation.reason === undefined ? rule.reason : `${rule.reason}: ${violation.reason}`;
  const values = rule.flags.slice(0, 4).flatMap((flag) => valueOf(flag, args));
  return {
    id: rule.id,
    flags: rule.flags,
    at: violation.at ?? rule.at,
    ...(outside === undefined ? {} : { outside }),
    message: values.length > 0 ? `${reason} (${values.join(", ")})` : reason,
    fix: rule.fix,
  };
}

function valueOf(flag: string, args: Args): string[] {
  const name = flagTable("full").bySpelling.get(flag)?.dest;
  return name !== undefined && args.has(name) ? [`${flag} is ${describe(args.get(name))}`] : [];
}

function change(
  step: Extract<Step, { kind: "override" }>,
  args: Args,
  world: World,
  notes: OverrideNote[],
): BrokenRule | undefined {
  try {
    step.apply(args, world);
  } catch (error) {
    if (!(error instanceof PythonFault)) throw error;
    return {
      id: step.id,
      flags: step.flags,
      at: step.at,
      message: `Python itself fails here, ${error.type}: ${error.message}`,
      fix: `Correct ${step.flags.join(", ")}.`,
    };
  }
  const { id, flags, reason, at } = step;
  const changes = args.changes();
  if (reason !== null) {
    for (const { name, from, to } of changes) notes.push({ id, name, from, to, flags, reason, at });
  }
  return undefined;
}
