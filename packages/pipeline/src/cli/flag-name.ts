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
