/** One word of a POSIX shell; quoted only where the shell would read something else. */
export function shellQuote(word: string): string {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A command line that the shell splits into exactly these words. */
export function shellLine(words: readonly string[]): string {
  return words.map(shellQuote).join(" ");
}
