import { FIELD_BY_PATH } from "./field.ts";

/** The fields present in a (partial) recipe as dotted path → value, lists whole. */
export function flatten(
  value: Readonly<Record<string, unknown>>,
  prefix = "",
): Map<string, unknown> {
  const fields = new Map<string, unknown>();
  for (const [key, inner] of Object.entries(value)) {
    if (inner === undefined) continue;
    const path = prefix + key;
    if (FIELD_BY_PATH.has(path)) fields.set(path, inner);
    else {
      const group = inner as Readonly<Record<string, unknown>>;
      for (const [innerPath, leaf] of flatten(group, `${path}.`)) fields.set(innerPath, leaf);
    }
  }
  return fields;
}

/** The inverse of `flatten`. */
export function unflatten(fields: ReadonlyMap<string, unknown>): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [path, value] of fields) {
    const keys = path.split(".");
    const leaf = keys.pop() ?? path;
    let at = root;
    for (const key of keys) at = (at[key] ??= {}) as Record<string, unknown>;
    at[leaf] = value;
  }
  return root;
}
