import { UsageError, validate } from "@moonlight-rl/core";
import { yamlReader } from "./yaml-reader.ts";
import { z } from "zod";
import { recipeSchema } from "./schema.ts";

/** A layer of the recipe as text: YAML or JSON with any part of the recipe's fields. */
export interface RecipeFile {
  /** Name for messages and for the provenance of values. */
  readonly path: string;
  readonly text: string;
}

/** Far above any recipe; keeps a wrong path (a checkpoint, a dataset) from being parsed as YAML. */
const MAX_CHARACTERS = 1_000_000;

/** The recipe's shape with every field optional, still refusing unknown ones. */
const layerSchema = z.strictObject(
  Object.fromEntries(
    Object.entries(recipeSchema.shape).map(([key, schema]) => [
      key,
      (schema instanceof z.ZodObject ? schema.partial() : schema).optional(),
    ]),
  ),
);

/**
 * Parses and checks one file; fields that it leaves out are left to the layers below.
 *
 * @throws UsageError RECIPE_FILE_SYNTAX (with the byte offset) or RECIPE_INVALID (with field and suggestion).
 */
export function parseRecipeFile(file: RecipeFile): Readonly<Record<string, unknown>> {
  if (file.text.length > MAX_CHARACTERS) {
    throw new UsageError("RECIPE_FILE_SYNTAX", `${file.path}: too long to be a recipe`, {
      file: file.path,
      hint: "A recipe is a small YAML or JSON file.",
    });
  }
  const value = parseYaml(file);
  if (value === null) return {};
  return validate(layerSchema, value, {
    what: file.path,
    code: "RECIPE_INVALID",
    file: file.path,
  });
}

function parseYaml(file: RecipeFile): unknown {
  const document = yamlReader().parseDocument(file.text);
  const error = document.errors[0];
  if (error !== undefined) {
    throw new UsageError("RECIPE_FILE_SYNTAX", `${file.path}: ${error.message.split("\n")[0]}`, {
      file: file.path,
      byteOffset: Buffer.byteLength(file.text.slice(0, error.pos[0])),
      cause: error,
    });
  }
  try {
    return document.toJS() as unknown;
  } catch (cause) {
    // Too many aliases (the billion-laughs guard of the YAML reader).
    throw new UsageError("RECIPE_FILE_SYNTAX", `${file.path}: ${(cause as Error).message}`, {
      file: file.path,
      cause,
    });
  }
}
