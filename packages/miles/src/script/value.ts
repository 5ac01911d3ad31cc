/** Stands for a value that is not known; no shell text can hold it. */
export const UNKNOWN = "\0";

/** What a variable holds; `unknown` when it comes from something that is not followed. */
export type Value =
  | { readonly kind: "scalar"; readonly text: string }
  | { readonly kind: "array"; readonly items: readonly string[] }
  | {
      readonly kind: "unknown";
      readonly why: string;
      /** The text with `UNKNOWN` for what is not known, where some of it is. */
      readonly partly?: string;
    };

/** Undefined where the shell says that there is nothing. */
export function elementsOf(
  items: readonly string[],
  elements: "each" | "joined" | "first",
): Value | undefined {
  const [first] = items;
  if (first === undefined) return undefined;
  if (elements === "each") return { kind: "array", items };
  return { kind: "scalar", text: elements === "joined" ? items.join(" ") : first };
}

export function isEmpty(value: Value): boolean {
  if (value.kind === "unknown") return false;
  return (value.kind === "array" ? value.items.join(" ") : value.text) === "";
}

/** What `NAME=text` or `NAME+=text` leaves; of an array it changes the first element. */
export function assigned(
  before: Value | undefined,
  value: Value & { readonly kind: "scalar" | "unknown" },
  append: boolean,
): Value {
  if (value.kind === "unknown") return value;
  if (before?.kind === "array") {
    const [first = "", ...others] = before.items;
    return { kind: "array", items: [(append ? first : "") + value.text, ...others] };
  }
  const head = append && before?.kind === "scalar" ? before.text : "";
  return { kind: "scalar", text: head + value.text };
}
