import { join } from "node:path";
import { readJson, type Json } from "@moonlight-rl/core";
import { z } from "zod";

/** One setting of a recipe and the layer that set it. */
export interface RecipeField {
  /** Dotted. */
  readonly field: string;
  readonly value: Json;
  readonly source: string;
}

/** The fields of a recipe artifact, in the order of recipe.json. */
export async function readRecipeFields(folder: string): Promise<RecipeField[]> {
  const anything = z.record(z.string(), z.json());
  const values = await readJson(join(folder, "recipe.json"), anything, { what: "recipe.json" });
  const sources = await readJson(join(folder, "sources.json"), anything, { what: "sources.json" });
  return [...leaves(values, "")].map(([field, value]) => {
    const source = sources[field] ?? "";
    return { field, value, source: typeof source === "string" ? source : JSON.stringify(source) };
  });
}

function* leaves(value: Json, path: string): Generator<[string, Json]> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    yield [path, value];
    return;
  }
  for (const [key, child] of Object.entries(value))
    yield* leaves(child, path === "" ? key : `${path}.${key}`);
}
