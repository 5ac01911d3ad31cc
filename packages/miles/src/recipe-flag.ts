import { RECIPE_FIELDS, type Recipe } from "@moonlight-rl/recipe";
import { decimalText, numberText } from "./number.ts";

/** How one field of the recipe (or a few that share a flag) is said to miles. */
export interface RecipeFlag {
  /** Dotted paths that the arguments depend on; the first is named when a value cannot be passed. */
  readonly fields: readonly string[];
  /** Empty where the reference's default already says it. */
  readonly args: (recipe: Recipe) => readonly string[];
  /** Arguments that may begin with a minus sign since they are flags themselves. */
  readonly raw?: true;
}

const FACTS = new Map(RECIPE_FIELDS.map(({ path, facts }) => [path, facts]));

function valueAt(recipe: Recipe, path: string): unknown {
  let value: unknown = recipe;
  for (const key of path.split(".")) value = (value as Record<string, unknown>)[key];
  return value;
}

/** The arguments of a flag with a value; nothing for null and for empty lists and maps. */
function say(flag: string, value: unknown): readonly string[] {
  if (value === null) return [];
  if (Array.isArray(value)) return value.length === 0 ? [] : [flag, ...value.map(String)];
  if (typeof value === "number") return [flag, numberText(value)];
  if (typeof value === "string") return [flag, value];
  return Object.keys(value as object).length === 0 ? [] : [flag, JSON.stringify(value)];
}

/** The flags that a field's facts name: always said, as the reference's launcher does. */
export function stated(...paths: readonly string[]): RecipeFlag[] {
  return paths.map((path) => {
    const { flag = "", negative } = FACTS.get(path) ?? {};
    return {
      fields: [path],
      args: (recipe) => {
        const value = valueAt(recipe, path);
        if (value === true) return flag === "" ? [] : [flag];
        if (value === false) return negative === undefined ? [] : [negative];
        return say(flag, value);
      },
    };
  });
}

/** The same, but silent while the value is what miles takes by itself. */
export function unlessUsual(...paths: readonly string[]): RecipeFlag[] {
  return paths.flatMap((path) =>
    stated(path).map((flag) => ({
      ...flag,
      args: (recipe: Recipe) =>
        valueAt(recipe, path) === FACTS.get(path)?.usual ? [] : flag.args(recipe),
    })),
  );
}

/** A number with as many decimals as the reference writes. */
export function decimal(decimals: number, path: string): RecipeFlag {
  const flag = FACTS.get(path)?.flag ?? "";
  return {
    fields: [path],
    args: (recipe) => [flag, decimalText(valueAt(recipe, path) as number, decimals)],
  };
}
