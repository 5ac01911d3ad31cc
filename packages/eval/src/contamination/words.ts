import type { Problem } from "../data/problem.ts";

/** The words of a prompt, as they are compared: no case, no punctuation, no presentation forms. */
export function wordsOf(prompt: Problem["prompt"]): string[] {
  const text =
    typeof prompt === "string"
      ? prompt
      : prompt
          .filter(({ role }) => role !== "system")
          .map(({ content }) => content)
          .join("\n");
  return text.normalize("NFKC").toLowerCase().match(WORD) ?? [];
}

/** Signs count where they carry the meaning, as in mathematics. */
const WORD = /[\p{L}\p{N}]+|[+\-*/^=<>]/gu;
