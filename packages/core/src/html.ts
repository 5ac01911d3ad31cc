/** Markup that is already safe to insert. */
export interface Html {
  readonly markup: string;
}

/** Tagged template for HTML: every interpolated string is escaped, nested `Html` and lists of it are not. */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return { markup: parts.reduce((text, part, i) => text + render(values[i - 1]) + part) };
}

/** Marks trusted, constant markup (our own styles and scripts). */
export function trusted(markup: string): Html {
  return { markup };
}

export type HtmlValue = string | number | Html | readonly HtmlValue[] | undefined;

function render(value: HtmlValue): string {
  if (value === undefined) return "";
  if (typeof value === "string" || typeof value === "number") return escape(String(value));
  if (isList(value)) return value.map(render).join("");
  return value.markup;
}

function isList(value: HtmlValue): value is readonly HtmlValue[] {
  return Array.isArray(value);
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
