import { canonicalJson } from "@moonlight-rl/core";
import type { RecipeAnswer } from "../api/recipe.ts";
import type { RunView } from "../run/run-view.ts";
import { readRecipeFields, type RecipeField } from "./recipe-fields.ts";

/** The recipe of a run, and where that of another run differs. */
export async function describeRecipe(
  view: RunView,
  against: RunView | undefined,
): Promise<RecipeAnswer> {
  const own = await recipeOf(view);
  const fields = own?.fields ?? [];
  if (against === undefined)
    return { digest: own?.digest ?? null, fields: fields.map(plain), missing: [] };
  const other = new Map((await recipeFields(against)).map((one) => [one.field, one]));
  const names = new Set(fields.map(({ field }) => field));
  return {
    digest: own?.digest ?? null,
    fields: fields.map((field) => {
      const there = other.get(field.field);
      if (there === undefined) return { ...plain(field), other: { source: "" } };
      if (canonicalJson(there.value) === canonicalJson(field.value)) return plain(field);
      return { ...plain(field), other: { value: plain(there).value, source: there.source } };
    }),
    missing: [...other.values()].filter(({ field }) => !names.has(field)).map(plain),
  };
}

/** None: the run has not made its recipe yet. */
export async function recipeFields(view: RunView): Promise<RecipeField[]> {
  return (await recipeOf(view))?.fields ?? [];
}

function plain(field: RecipeField): RecipeAnswer["missing"][number] {
  return field as RecipeAnswer["missing"][number];
}

async function recipeOf(
  view: RunView,
): Promise<{ readonly digest: string; readonly fields: RecipeField[] } | undefined> {
  const [output] = await view.outputs("recipe");
  if (output === undefined) return undefined;
  return { digest: output.digest, fields: await readRecipeFields(view.folder(output)) };
}
