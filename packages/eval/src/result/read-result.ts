import { join } from "node:path";
import { closest, readJson, UsageError } from "@moonlight-rl/core";
import { resultSchema, type EvalResult } from "./result.ts";

/** Folder of a set within an eval-result folder: the first set's is the folder itself. */
export function setFolder(folder: string, name: string, first: boolean): string {
  return first ? folder : join(folder, "sets", name);
}

/**
 * Reads results.json of an eval-result folder: of its first set, or of the one of that name.
 *
 * @example
 * import { readEvalResult, renderSummary } from "@moonlight-rl/eval";
 *
 * const result = await readEvalResult("./eval-of-prompts");
 * result.problems; // 20
 * console.log(renderSummary([{ title: "base", result }]));
 */
export async function readEvalResult(folder: string, name?: string): Promise<EvalResult> {
  const first = await readOne(folder);
  if (name === undefined || name === first.name) return first;
  const others = first.otherSets ?? [];
  if (others.includes(name)) return readOne(setFolder(folder, name, false));
  const near = closest(name, [first.name, ...others]);
  throw new UsageError("EVAL_SET_UNKNOWN", `${folder} has no set ${name}.`, {
    file: folder,
    hint:
      near === undefined
        ? `It has: ${[first.name, ...others].join(", ")}.`
        : `Did you mean "${near}"?`,
  });
}

/** All sets of an eval-result folder, in order. */
export async function readEvalResults(folder: string): Promise<EvalResult[]> {
  const first = await readEvalResult(folder);
  const others = (first.otherSets ?? []).map((name) => readEvalResult(folder, name));
  return [first, ...(await Promise.all(others))];
}

function readOne(folder: string): Promise<EvalResult> {
  return readJson(join(folder, "results.json"), resultSchema, {
    what: "results.json",
    code: "EVAL_RESULT_INVALID",
  });
}

/**
 * The baseline's result for each set, by the set's name. A single set is compared with a single set whatever they are called.
 * Errors: `EVAL_SET_UNKNOWN`.
 */
export async function readBaseline(
  folder: string,
  sets: readonly { readonly name: string }[],
): Promise<Map<string, EvalResult>> {
  const results = await readEvalResults(folder);
  const [only, first] = [sets.length === 1 ? sets[0] : undefined, results[0]];
  if (only !== undefined && results.length === 1 && first !== undefined) {
    return new Map([[only.name, first]]);
  }
  const entries = sets.map(async ({ name }) => [name, await readEvalResult(folder, name)] as const);
  return new Map(await Promise.all(entries));
}
