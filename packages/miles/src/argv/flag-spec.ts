/** A value in the namespace that argparse fills, as Python sees it: None is null, int and float are numbers. */
export type Value =
  | null
  | boolean
  | number
  | string
  | readonly Value[]
  | { readonly [key: string]: Value };

/** How a value's text becomes a value; text itself when absent. */
export type ValueType =
  | "int"
  | "float"
  | "bool"
  | "json"
  | "size"
  | "nullable"
  | "layerPattern"
  | "intTuple"
  | "attentionBackend"
  | "cudaGraphScope";

/** What a flag does to its destination; `store` when absent. */
export type FlagAction =
  | "storeTrue"
  | "storeFalse"
  | "storeConst"
  /** `--x` and `--no-x`. */
  | "boolean"
  | "append"
  /** Accepted without effect (deprecated). */
  | "ignore"
  | "help";

/** One flag of the reference's command line: facts, no behaviour. */
export interface FlagSpec {
  /** All spellings; the first one is how this project writes the flag. */
  readonly names: readonly string[];
  /** Attribute in the namespace; derived from the first spelling when absent. */
  readonly dest?: string;
  readonly action?: FlagAction;
  readonly type?: ValueType;
  /** How many values: one when absent. */
  readonly nargs?: number | "?" | "*" | "+";
  readonly choices?: readonly (string | number)[] | null;
  /** None when absent (for a switch: what it would switch away from). */
  readonly default?: Value;
  /** The attribute does not exist unless the flag is given. */
  readonly suppress?: boolean;
  readonly constant?: Value;
  readonly required?: boolean;
  /** miles resets the default of this flag of Megatron and its first parser knows it too, perhaps otherwise. */
  readonly miles?: true | { readonly names?: readonly string[]; readonly choices?: null };
}

/** The namespace attribute that a flag fills, by argparse's rule: the first long spelling. */
export function destOf(spec: FlagSpec): string {
  if (spec.dest !== undefined) return spec.dest;
  const first = spec.names.find((name) => name.startsWith("--")) ?? spec.names[0] ?? "";
  return first.replace(/^-+/, "").replaceAll("-", "_");
}

/** The value that the namespace starts with. */
export function defaultOf(spec: FlagSpec): Value {
  if (spec.default !== undefined) return spec.default;
  if (spec.action === "storeTrue") return false;
  if (spec.action === "storeFalse") return true;
  return null;
}

/** How many values follow the flag. */
export function arityOf(spec: FlagSpec): number | "?" | "*" | "+" | "one" {
  if (spec.action !== undefined && spec.action !== "append") return 0;
  return spec.nargs ?? "one";
}
