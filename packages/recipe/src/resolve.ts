import { UsageError } from "@moonlight-rl/core";
import { flatten, unflatten } from "./flatten.ts";
import { parseOverride } from "./override.ts";
import { getProfile, type Profile } from "./profile.ts";
import { parseRecipeFile, type RecipeFile } from "./recipe-file.ts";
import { parseRecipe, type Recipe } from "./schema.ts";

export interface ResolveOptions {
  /** Name of the profile; may be left out when a file names it. */
  readonly profile?: string | undefined;
  /** Folder of models and data on the workers, for profiles that have one. */
  readonly root?: string | undefined;
  /** Later files win over earlier ones. */
  readonly files?: readonly RecipeFile[] | undefined;
  /** `path=value` texts; later ones win over earlier ones and over files. */
  readonly set?: readonly string[] | undefined;
}

export interface ResolvedRecipe {
  readonly recipe: Recipe;
  /** Dotted path of every field → where its value came from: "profile tiny", a file's path, "--set …". */
  readonly provenance: Readonly<Record<string, string>>;
}

/**
 * Lays profile < files < `--set` over each other into one complete recipe.
 *
 * @throws UsageError that names the layer and the field (unknown keys with a suggestion).
 *
 * @example
 * import { resolveRecipe } from "@moonlight-rl/recipe";
 *
 * const { recipe, provenance } = resolveRecipe({ profile: "tiny", set: ["rollout.numRollout=20"] });
 * recipe.rollout.numRollout; // 20
 * console.log(provenance["rollout.numRollout"]);
 */
export function resolveRecipe(options: ResolveOptions): ResolvedRecipe {
  const files = (options.files ?? []).map((file) => ({ file, layer: parseRecipeFile(file) }));
  const profile = chooseProfile(options.profile, files);
  const values = flatten(profile.recipe(rootOf(profile, options.root)));
  const provenance = new Map([...values.keys()].map((path) => [path, `profile ${profile.name}`]));
  const lay = (path: string, value: unknown, source: string): void => {
    values.set(path, value);
    provenance.set(path, source);
  };
  for (const { file, layer } of files) {
    for (const [path, value] of flatten(layer)) {
      if (path !== "profile") lay(path, value, file.path);
    }
  }
  for (const text of options.set ?? []) {
    const { path, value } = parseOverride(text);
    lay(path, value, `--set ${text}`);
  }
  return { recipe: parseRecipe(unflatten(values)), provenance: Object.fromEntries(provenance) };
}

function chooseProfile(
  asked: string | undefined,
  files: readonly { file: RecipeFile; layer: Readonly<Record<string, unknown>> }[],
): Profile {
  let name = asked;
  for (const { file, layer } of files) {
    const named = layer["profile"];
    if (typeof named !== "string") continue;
    name ??= named;
    if (named !== name) {
      throw new UsageError(
        "RECIPE_PROFILE_CONFLICT",
        `${file.path} is made for profile "${named}", not "${name}"`,
        {
          field: "profile",
          file: file.path,
          hint: "Remove `profile` from the file, or ask for its profile.",
        },
      );
    }
  }
  if (name !== undefined) return getProfile(name);
  throw new UsageError("RECIPE_PROFILE_MISSING", "No profile was named", {
    field: "profile",
    hint: "Pass --profile, or write `profile:` into the recipe file.",
  });
}

function rootOf(profile: Profile, root: string | undefined): string {
  if (root === undefined) return profile.defaultRoot?.replace(/\/+$/, "") ?? "";
  if (profile.defaultRoot === null) {
    throw new UsageError("RECIPE_ROOT_UNUSED", `Profile "${profile.name}" has no root folder`, {
      field: "root",
      hint: "Leave root out: this profile takes its model and data from artifacts.",
    });
  }
  if (root === "") {
    throw new UsageError("RECIPE_ROOT_INVALID", "The root folder is empty text", { field: "root" });
  }
  return root.replace(/\/+$/, "");
}
