import type { HfConfig } from "@moonlight-rl/model";
import type { Recipe } from "@moonlight-rl/recipe";
import { modelArgs } from "./model-args.ts";
import type { RecipeFlag } from "./recipe-flag.ts";
import { CLUSTER_FLAGS, RECIPE_FLAGS } from "./recipe-flags.ts";
import { refusal } from "./refusal.ts";

/**
 * The arguments of miles' train.py for a recipe, in the order of the reference's launcher: cluster, model
 * (derived from config.json), checkpoints, rollout, optimizer, algorithm, parallelism and memory, evaluation,
 * engine, the rest. One element per argument; nothing is quoted.
 *
 * @throws UsageError MILES_CANNOT_EXPRESS naming the field that miles cannot be told.
 */
export function renderArgv(recipe: Recipe, hfConfig: HfConfig): string[] {
  const argv = [
    ...CLUSTER_FLAGS.flatMap((flag) => render(flag, recipe)),
    ...modelArgs(hfConfig),
    ...RECIPE_FLAGS.flatMap((flag) => render(flag, recipe)),
  ];
  return withoutFlags(argv, new Set(recipe.runtime.omitFlags));
}

function withoutFlags(argv: readonly string[], omitted: ReadonlySet<string>): string[] {
  let omitting = false;
  return argv.filter((arg) => {
    if (looksLikeFlag(arg)) omitting = omitted.has(arg);
    return !omitting;
  });
}

function render(flag: RecipeFlag, recipe: Recipe): readonly string[] {
  const args = flag.args(recipe);
  if (flag.raw === true) return args;
  for (const arg of args.slice(1)) {
    if (looksLikeFlag(arg)) {
      throw refusal(
        flag.fields[0] ?? "",
        `argparse would take "${arg}" for a flag, since it begins with a minus sign`,
      );
    }
  }
  return args;
}

/** argparse's own test: a plain negative number is a value, "-1e-7" and "-x" are not. */
function looksLikeFlag(arg: string): boolean {
  return arg.startsWith("-") && !/^-\d+$|^-\d*\.\d+$/.test(arg);
}
