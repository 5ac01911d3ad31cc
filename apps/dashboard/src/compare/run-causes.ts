import { canonicalJson } from "@moonlight-rl/core";
import type { Cause } from "@moonlight-rl/pipeline";
import type { RecipeField } from "../recipe/recipe-fields.ts";

/** Why two runs differ, in the words of this pipeline. */
export interface RunCause extends Omit<Cause, "kind"> {
  /** recipe: a field of the recipe · data: what was fetched · input · code · environment: equal work gave other results · missing: one run stopped before it. */
  readonly kind: "recipe" | "data" | "input" | "code" | "environment" | "missing";
  /** Of a recipe field: which layers set it, before and now. */
  readonly source?: string;
}

/** Stage that makes the recipe. */
const RECIPE_STAGE = "rollout-config";

/**
 * The causes that the pipeline found, in the order of the stages. Recipe files and --set say how a run was configured, the recipe's
 * fields say what: these stand where the first of those inputs stood.
 */
export function runCauses(
  found: readonly Cause[],
  before: readonly RecipeField[],
  now: readonly RecipeField[],
): RunCause[] {
  const fields = recipeCauses(before, now);
  const configured = ({ stage, kind }: Cause): boolean =>
    stage === RECIPE_STAGE && kind === "input";
  const first = found.findIndex(configured);
  return found.flatMap((cause, i): RunCause[] => {
    if (fields.length === 0 || !configured(cause)) return [named(cause)];
    return i === first ? fields : [];
  });
}

/** What set the runs apart: that one did not get as far is none while there is another. */
export function firstCause(causes: readonly RunCause[]): RunCause | undefined {
  return causes.find(({ kind }) => kind !== "missing") ?? causes[0];
}

function named(cause: Cause): RunCause {
  if (cause.kind === "outcome") return { ...cause, kind: "environment" };
  return cause.stage === "fetch" && cause.kind === "input"
    ? { ...cause, kind: "data" }
    : { ...cause, kind: cause.kind };
}

function recipeCauses(a: readonly RecipeField[], b: readonly RecipeField[]): RunCause[] {
  if (a.length === 0 || b.length === 0) return [];
  const text = (field: RecipeField | undefined): string | undefined =>
    field === undefined
      ? undefined
      : typeof field.value === "string"
        ? field.value
        : canonicalJson(field.value);
  const before = new Map(a.map((row) => [row.field, row]));
  const now = new Map(b.map((row) => [row.field, row]));
  return [...new Set([...before.keys(), ...now.keys()])].flatMap((what): RunCause[] => {
    const [was, is] = [before.get(what), now.get(what)];
    if (text(was) === text(is)) return [];
    const source = `${was?.source ?? "absent"} → ${is?.source ?? "absent"}`;
    return [
      { stage: RECIPE_STAGE, kind: "recipe", what, before: text(was), now: text(is), source },
    ];
  });
}
