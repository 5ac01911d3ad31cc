import type { HfConfig } from "@moonlight-rl/model";
import type { RolloutArithmetic } from "../arithmetic.ts";
import type { Backend } from "../profile.ts";
import type { Recipe } from "../schema.ts";

/** error: the run would fail or learn nothing; warning: it would not do what it seems to; note: good to know. */
export type Severity = "error" | "warning" | "note";

/** What a rule has to say about a recipe. */
export interface Finding {
  /** Id of the rule: stable, documented, kebab-case with its group in front. */
  readonly rule: string;
  readonly severity: Severity;
  /** Dotted path of the field to change. */
  readonly field: string;
  readonly reason: string;
  readonly fix: string;
  /** What the reference does about it, with file:line where known (abbreviations of the fact sheet: A = miles/utils/arguments.py, MG = megatron/training/arguments.py, …). */
  readonly reference: string;
  /** The reference starts such a run without complaint; an error of ours is then stricter on purpose. */
  readonly beyondReference: boolean;
}

export interface RuleContext {
  readonly recipe: Recipe;
  readonly backend: Backend;
  /** The model's config.json; rules about shapes are silent without it. */
  readonly hfConfig: HfConfig | undefined;
  readonly arithmetic: RolloutArithmetic;
}

/** A fault as a rule's check states it; the rest of the finding is the rule's own. */
export interface Fault {
  readonly field: string;
  readonly reason: string;
  readonly fix: string;
}

export interface Rule {
  readonly id: string;
  readonly severity: Severity;
  readonly reference: string;
  readonly beyondReference: boolean;
  /** Only recipes for this backend are checked; absent: all. */
  readonly backend?: Backend;
  readonly check: (context: RuleContext) => readonly Fault[];
}

/** A fault if the condition holds: the usual body of a check. */
export function faultIf(
  condition: boolean,
  field: string,
  reason: string,
  fix: string,
): readonly Fault[] {
  return condition ? [{ field, reason, fix }] : [];
}
