import { RECIPE_FIELDS, type Finding, type Recipe } from "@moonlight-rl/recipe";
import { argvRemarks, remarkFinding } from "./argv/remarks.ts";
import type { ValidateOptions, Verdict } from "./argv/validate-argv.ts";
import { CLUSTER_FLAGS, RECIPE_FLAGS } from "./recipe-flags.ts";

/**
 * What miles' own validators say of a recipe's argv, as findings about the recipe: its refusal as an error, and a note
 * for each value of the argv that miles replaces without asking. Of an accepted argv also what it would stumble over
 * later.
 *
 * @param verdict of `validateArgv` on the argv that `renderArgv` made of this recipe
 */
export function argvFindings(
  verdict: Verdict,
  recipe: Recipe,
  { files, env }: Pick<ValidateOptions, "files" | "env"> = {},
): Finding[] {
  const found: Finding[] = [];
  const { rejection } = verdict;
  if (rejection !== undefined) {
    found.push({
      rule: `miles-${rejection.rule}`,
      severity: "error",
      field: fieldOf(rejection.flags, recipe),
      reason: rejection.message,
      fix: rejection.fix,
      reference: `Refused at ${rejection.raisedAt ?? "argparse"} (stage ${rejection.stage}).`,
      beyondReference: false,
    });
  }
  for (const { id, name, from, to, flags, reason, at } of verdict.notes) {
    if (!verdict.parsed.given.has(name)) continue;
    found.push({
      rule: `miles-${id}`,
      severity: "note",
      field: fieldOf(flags, recipe),
      reason: `miles replaces ${JSON.stringify(from)} by ${JSON.stringify(to)}: ${reason}`,
      fix: "Nothing to do, unless another value was meant.",
      reference: `Set silently at ${at}.`,
      beyondReference: true,
    });
  }
  for (const remark of argvRemarks(verdict, files, env)) {
    found.push(remarkFinding(remark, fieldOf(remark.flags, recipe)));
  }
  return found;
}

/**
 * The recipe's field behind the first of the flags that has one. A flag of the model's shape belongs to config.json; a
 * text that is no flag's value can only come from `runtime.extraArgs`.
 */
function fieldOf(flags: readonly string[], recipe: Recipe): string {
  for (const flag of flags) {
    const field = FIELD_OF_FLAG.get(flag) ?? rendered(flag, recipe) ?? named(flag);
    if (field !== undefined) return field;
    if (recipe.runtime.extraArgs.includes(flag)) return "runtime.extraArgs";
  }
  return flags.length > 0 ? "model" : "runtime.extraArgs";
}

/** The flags that fields name as theirs. */
const FIELD_OF_FLAG: ReadonlyMap<string, string> = new Map(
  RECIPE_FIELDS.flatMap(({ path, facts: { flag, negative } }) =>
    [flag, negative].filter((name) => name !== undefined).map((name) => [name, path] as const),
  ),
);

/** A flag that this recipe renders for several fields together. */
function rendered(flag: string, recipe: Recipe): string | undefined {
  return [...CLUSTER_FLAGS, ...RECIPE_FLAGS].find(({ args }) => args(recipe)[0] === flag)
    ?.fields[0];
}

/** A flag whose name is the field's. */
function named(flag: string): string | undefined {
  const name = flag
    .slice(2)
    .replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  return RECIPE_FIELDS.find(({ path }) => path.split(".").at(-1) === name)?.path;
}
