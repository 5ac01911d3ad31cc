import { isMoonlightError, UsageError } from "@moonlight-rl/core";

/** `hfCheckpoint` → `hf-checkpoint`. */
export function toKebab(name: string): string {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1-$2")
    .replaceAll("_", "-")
    .toLowerCase();
}

/** The flag of a field: `["recipe", "clipGrad"]` → `--recipe.clip-grad`. */
export function flagName(path: readonly string[]): string {
  return `--${path.map(toKebab).join(".")}`;
}

/** Runs work whose errors about a field of the input are told in terms of its flag. */
export async function nameFlags<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isMoonlightError(error) || error.code !== "INVALID_INPUT" || !error.field) throw error;
    throw new UsageError(error.code, error.message, {
      field: flagName(error.field.split(".")),
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      cause: error,
    });
  }
}
