import { strip } from "./python-number.ts";

/** The mathematical alphabets: first capital, and the letters that Unicode had put elsewhere before. */
interface Alphabet {
  readonly capitalA: number;
  readonly exceptions: string;
}

const ALPHABETS: Readonly<Record<string, Alphabet>> = {
  mathbf: { capitalA: 0x1d400, exceptions: "" },
  mathit: { capitalA: 0x1d434, exceptions: "hℎ" },
  mathcal: { capitalA: 0x1d49c, exceptions: "BℬEℰFℱHℋIℐLℒMℳRℛeℯgℊoℴ" },
  mathscr: { capitalA: 0x1d49c, exceptions: "BℬEℰFℱHℋIℐLℒMℳRℛeℯgℊoℴ" },
  mathfrak: { capitalA: 0x1d504, exceptions: "CℭHℌIℑRℜZℨ" },
  mathbb: { capitalA: 0x1d538, exceptions: "CℂHℍNℕPℙQℚRℝZℤ" },
  mathsf: { capitalA: 0x1d5a0, exceptions: "" },
  mathtt: { capitalA: 0x1d670, exceptions: "" },
};

export const ALPHABET_COMMANDS: readonly string[] = Object.keys(ALPHABETS);

/** `inAlphabet("mathbb", "R1")` → "ℝ1": Latin letters in a mathematical alphabet, the rest unchanged. */
export function inAlphabet(command: string, text: string): string {
  const alphabet = ALPHABETS[command];
  if (alphabet === undefined) return text;
  return text.replace(/[A-Za-z]/g, (letter) => {
    const at = alphabet.exceptions.indexOf(letter);
    if (at !== -1) return alphabet.exceptions.charAt(at + 1);
    const code = letter.charCodeAt(0);
    const offset = code <= 0x5a ? code - 0x41 : code - 0x61 + 26;
    return String.fromCodePoint(alphabet.capitalA + offset);
  });
}

/** Combining marks of the accent commands, of text and of mathematics. */
export const ACCENTS: ReadonlyMap<string, string> = new Map([
  ["'", "\u0301"],
  ["acute", "\u0301"],
  ["`", "\u0300"],
  ["grave", "\u0300"],
  ['"', "\u0308"],
  ["ddot", "\u0308"],
  ["^", "\u0302"],
  ["hat", "\u0302"],
  ["~", "\u0303"],
  ["tilde", "\u0303"],
  ["=", "\u0304"],
  ["bar", "\u0305"],
  [".", "\u0307"],
  ["dot", "\u0307"],
  ["u", "\u0306"],
  ["breve", "\u0306"],
  ["v", "\u030C"],
  ["check", "\u030C"],
  ["H", "\u030B"],
  ["r", "\u030A"],
  ["c", "\u0327"],
  ["k", "\u0328"],
  ["d", "\u0323"],
  ["b", "\u0331"],
  ["vec", "\u20D7"],
  ["not", "\u0338"],
]);

/** Puts a combining mark on every character. */
export function accented(text: string, mark: string): string {
  const plain = strip(text);
  const dotted = plain === "ı" ? "i" : plain === "ȷ" ? "j" : plain;
  return Array.from(dotted, (character) => (character + mark).normalize("NFC")).join("");
}
