import type { Place } from "./fault.ts";

/** A piece of a word; `quoted` pieces are neither split at spaces nor dropped when empty. */
export type Part =
  | { readonly kind: "text"; readonly text: string; readonly quoted: boolean }
  | {
      readonly kind: "variable";
      readonly name: string;
      /** `${name[@]}`: every element. */
      readonly all: boolean;
      /** Of `${name:-fallback}`. */
      readonly fallback: string | undefined;
      readonly quoted: boolean;
    }
  | { readonly kind: "command"; readonly source: string; readonly quoted: boolean };

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
