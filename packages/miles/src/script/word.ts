import type { Place } from "./fault.ts";

/** A piece of a word; `quoted` pieces are neither split at spaces nor dropped when empty. */
export type Part =
  | {
      readonly kind: "text";
      readonly text: string;
      readonly quoted: boolean;
      /** It stands within an expansion, so that the shell splits it at spaces. */
      readonly splits?: true;
    }
  | {
      readonly kind: "variable";
      readonly name: string;
      /** `${name[@]}` is each element, `${name[*]}` all of them in one text, `$name` the first one. */
      readonly elements: "each" | "joined" | "first";
      readonly alternative: Alternative | undefined;
      readonly quoted: boolean;
    }
  | { readonly kind: "command"; readonly source: string; readonly quoted: boolean }
  /** `$((source))` */
  | { readonly kind: "arithmetic"; readonly source: string; readonly quoted: boolean };

/** `${name-…}` stands in for what is not set, `${name+…}` for what is, and `${name?…}` ends the script. */
export interface Alternative {
  readonly sign: "-" | "+" | "?";
  /** With a colon: an empty value is as good as none. */
  readonly forEmpty: boolean;
  readonly parts: readonly Part[];
}

/** A word of the shell before anything is expanded. */
export interface Word {
  readonly place: Place;
  readonly parts: readonly Part[];
}

/** The text of a word without expansions; undefined when it has any. */
export function plainText(word: Word): string | undefined {
  let text = "";
  for (const part of word.parts) {
    if (part.kind !== "text") return undefined;
    text += part.text;
  }
  return text;
}

export const ASSIGNMENT = /^([A-Za-z_][A-Za-z0-9_]*)(\+?)=/;

/** The variable that a word assigns; undefined when it is none of `NAME=…` and `NAME+=…`. */
export function assignedName(word: Word): string | undefined {
  const [head] = word.parts;
  return head?.kind === "text" && !head.quoted ? ASSIGNMENT.exec(head.text)?.[1] : undefined;
}
