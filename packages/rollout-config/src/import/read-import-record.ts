import { validate, UsageError } from "@moonlight-rl/core";
import type { ImportRecord } from "@moonlight-rl/miles";
import type { RecipeFile } from "@moonlight-rl/recipe";
import { z } from "zod";
import { readRecipeFiles } from "../layers/read-recipe-files.ts";

const recordSchema = z.strictObject({ recipe: z.string(), argv: z.array(z.string()) });

/** The record that `import --out` has written. */
export async function readImportRecord(
  file: string | RecipeFile | undefined,
): Promise<ImportRecord | undefined> {
  if (file === undefined) return undefined;
  const [{ path, text } = { path: "", text: "" }] = await readRecipeFiles([file]);
  const options = { what: "import record", code: "IMPORT_RECORD_INVALID", file: path };
  return validate(recordSchema, parse(path, text), options);
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new UsageError("IMPORT_RECORD_INVALID", `${path} is not JSON`, { file: path, cause });
  }
}
