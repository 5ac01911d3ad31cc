import { closest, UsageError } from "@moonlight-rl/core";
import { moonlightProfile } from "./moonlight-profile.ts";
import { PROFILE_NAMES, type ProfileName } from "./profile-name.ts";
import type { Recipe } from "./schema.ts";
import { tinyProfile } from "./tiny-profile.ts";

/** Who carries a recipe out: `embedded` in this process tree on the CPU, `miles` on a GPU cluster. */
export type Backend = "embedded" | "miles";

export interface Profile {
  readonly name: ProfileName;
  /** The backend that the profile is made for, and whose rules check it unless another is asked for. */
  readonly backend: Backend;
  /** One line for help texts. */
  readonly summary: string;
  /** Folder of models and data when the caller names none; null: the profile has no such folder. */
  readonly defaultRoot: string | null;
  /** The profile's complete recipe; `root` without a slash at its end. */
  readonly recipe: (root: string) => Recipe;
}

export const PROFILES: Readonly<Record<ProfileName, Profile>> = {
  tiny: {
    name: "tiny",
    backend: "embedded",
    summary: "bundled tiny Moonlight, arithmetic, CPU, minutes",
    defaultRoot: null,
    recipe: tinyProfile,
  },
  "moonlight-16b-a3b": {
    name: "moonlight-16b-a3b",
    backend: "miles",
    summary: "the reference's recipe for Moonlight-16B-A3B, one node of 8 GPUs",
    defaultRoot: "/root",
    recipe: moonlightProfile,
  },
};

/** The profile of that name; anything else is a `UsageError` with a suggestion. */
export function getProfile(name: string): Profile {
  const known = PROFILE_NAMES.find((candidate) => candidate === name);
  if (known !== undefined) return PROFILES[known];
  const suggestion = closest(name, PROFILE_NAMES);
  throw new UsageError("RECIPE_PROFILE_UNKNOWN", `Unknown profile "${name}"`, {
    field: "profile",
    hint:
      suggestion === undefined
        ? `Profiles: ${PROFILE_NAMES.join(", ")}.`
        : `Did you mean "${suggestion}"?`,
  });
}
