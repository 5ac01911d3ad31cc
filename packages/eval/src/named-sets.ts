import { basename } from "node:path";
import { UsageError } from "@moonlight-rl/core";
import { DATA_FILE, parseRowRange } from "@moonlight-rl/dataset";
import type { Artifact } from "@moonlight-rl/pipeline";
import { findDataFile } from "./data/data-file.ts";
import type { EvalInput } from "./input.ts";
import type { PolicyChoice } from "./policy/policy-choice.ts";
import { readRecipe, resolveSettings, type Settings } from "./settings.ts";

/** A set as it was asked for: settings, and the folder that its file is in. */
export interface NamedSet {
  readonly name: string;
  readonly settings: Settings;
  /** Absent where saved responses bring their problems along. */
  readonly data: Artifact<"hf-dataset"> | undefined;
}

/** The sets of an input, with files and names as the folders decide them. Errors: `EVAL_SETS_INVALID`, those of `findDataFile`. */
export async function namedSets(input: EvalInput, choice: PolicyChoice): Promise<NamedSet[]> {
  const recipe = input.recipe && (await readRecipe(input.recipe.path));
  const settings = resolveSettings(input, recipe, input.datasets);
  const sets = await Promise.all(
    settings.map((one, i) => nameSet(one, input.datasets?.[i]?.data ?? input.data, choice)),
  );
  const twice = sets.find(({ name }, i) => sets.findIndex((set) => set.name === name) !== i);
  if (twice !== undefined) throw setsError(`Two sets are called ${twice.name}.`);
  if (choice.kind === "responses" && sets.length > 1) {
    throw setsError("Saved responses are of one set.", "Grade one file after the other.");
  }
  return sets;
}

async function nameSet(
  settings: Settings,
  data: NamedSet["data"],
  choice: PolicyChoice,
): Promise<NamedSet> {
  if (data === undefined) {
    if (choice.kind !== "responses") {
      throw new UsageError("EVAL_DATA_MISSING", "No data is given.", {
        field: "data",
        hint: "Give the folder with the problems: --data FOLDER.",
      });
    }
    const name = settings.name ?? stem(choice.file);
    return { name, settings: { ...settings, name }, data };
  }
  const fromMeta = data.meta["dataFile"];
  const wanted = settings.dataFile ?? (typeof fromMeta === "string" ? fromMeta : undefined);
  const { file, rows } = wanted === undefined ? { file: wanted, rows: "" } : splitRange(wanted);
  const dataFile = await findDataFile(data.path, file);
  const name = settings.name ?? stem(dataFile);
  return { name, settings: { ...settings, name, dataFile: `${dataFile}${rows}` }, data };
}

/** The name as it was written, and its slice as text. */
function splitRange(text: string): { file: string; rows: string } {
  const { file } = parseRowRange(text);
  return { file, rows: text.slice(file.length) };
}

function stem(file: string): string {
  return basename(file)
    .replace(DATA_FILE, "")
    .replaceAll(/[^A-Za-z0-9._-]/g, "-");
}

function setsError(message: string, hint?: string): UsageError {
  return new UsageError("EVAL_SETS_INVALID", message, {
    field: "datasets",
    ...(hint !== undefined && { hint }),
  });
}
