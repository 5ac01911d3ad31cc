/**
 * Moonlight's rule of cutting a text before bytes are merged, as its Python code states it (`pat_str`). It stands nowhere
 * in the model's data, so `wrapper.ts` compares it with the code that came with the model.
 */
export const SPLIT_ALTERNATIVES = [
  String.raw`[\p{Han}]+`,
  String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?`,
  String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?`,
  String.raw`\p{N}{1,3}`,
  String.raw` ?[^\s\p{L}\p{N}]+[\r\n]*`,
  String.raw`\s*[\r\n]+`,
  String.raw`\s+(?!\S)`,
  String.raw`\s+`,
] as const;

/** The same in JavaScript's syntax. Rust's `\s` is White_Space, and its case folding lets ſ stand for s. */
const PATTERN = new RegExp(
  SPLIT_ALTERNATIVES.map((alternative) =>
    alternative
      .replaceAll("[^\\p{Han}]", "\\P{Script=Han}")
      .replaceAll("\\p{Han}", "\\p{Script=Han}")
      .replaceAll(/\[((?:\\p\{\w+\})+)&&/g, "[[$1]&&")
      .replaceAll(
        "(?i:'s|'t|'re|'ve|'m|'ll|'d)",
        "(?:'(?:[sSſ]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD]))",
      )
      .replaceAll("\\s", "\\p{White_Space}")
      .replaceAll("\\S", "\\P{White_Space}"),
  ).join("|"),
  "gv",
);

/** The pieces of a text, in order; nothing is lost. */
export function splitText(text: string): string[] {
  return text.match(PATTERN) ?? [];
}

const MAX_SLICE = 400_000;
const MAX_RUN = 25_000;

/** The reference cuts very long texts and runs before it splits; equal ids need equal cuts. Counted in code points. */
export function sliceText(text: string): string[] {
  if (text.length <= MAX_RUN) return [text];
  const slices: string[] = [];
  let start = 0;
  let count = 0;
  let run = 0;
  let inSpace: boolean | undefined;
  for (let at = 0; at < text.length;) {
    const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
    const space = isSpace(character);
    run = space === inSpace ? run + 1 : 1;
    inSpace = space;
    if (count === MAX_SLICE || run > MAX_RUN) {
      slices.push(text.slice(start, at));
      if (count === MAX_SLICE) count = 0;
      start = at;
      run = 1;
    }
    count++;
    at += character.length;
  }
  return [...slices, text.slice(start)];
}

/** What Python's `str.isspace` says yes to: white space and the four separators before it. */
function isSpace(character: string): boolean {
  return /^\p{White_Space}$/u.test(character) || (character >= "\u001c" && character <= "\u001f");
}
