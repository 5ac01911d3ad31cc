/** The named sets of defaults. Alone in this module: a command's `--help` needs these names and no schema. */
export const PROFILE_NAMES = ["tiny", "moonlight-16b-a3b"] as const;

/** Name of a set of defaults. */
export type ProfileName = (typeof PROFILE_NAMES)[number];
