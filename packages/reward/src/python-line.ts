import { NotComputable } from "./quantity.ts";

const MAX_LENGTH = 4000;
/** Of a text of few operators, such as two long numbers. */
const MAX_LENGTH_OF_FEW = 20_000;
const FEW_OPERATORS = 100;
/** What is left of white space here are tabs: two words with one between are a product. */
const BETWEEN_WORDS = /(?<=[\p{L}\p{N}_.])[\t\f]+(?=[\p{L}\p{N}_.])/gu;

function isLong(text: string): boolean {
  if (text.length > MAX_LENGTH_OF_FEW) return true;
  // A row of signs is soon read.
  return (text.match(/[^\p{L}\p{N}_.]+/gu)?.length ?? 0) > FEW_OPERATORS;
}

/** The text as the reference's parser gets it, without white space. Throws `NotComputable` where that is none of its lines, or too long a one. */
export function pythonLine(text: string): string {
  if (text.length > MAX_LENGTH && isLong(text)) throw new NotComputable();
  // There a factorial has to follow at once.
  if (/[\t\f]!/.test(text)) throw new NotComputable();
  // Not one sign there, where the line ends between.
  if (/[*/^]\s*\n\s*[*/^]/.test(text)) throw new NotComputable();
  // Within parentheses, where all of it is, a line may end anywhere between two tokens.
  const line = text.replaceAll(/(?<=[-+*/^(])\s*\n\s*|\s*\n\s*(?=[-+*/^)])/g, "");
  const joined = line.replaceAll(BETWEEN_WORDS, "*").replaceAll(/[\t\f]+/g, "");
  return joined.replaceAll("^", "**");
}
