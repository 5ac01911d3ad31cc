/** An unquoted expansion as the shell splits it. */
export function splitFields(text: string): string[] {
  return text.split(/[ \t\n]+/).filter((field) => field !== "");
}

/**
 * What the shell may replace by names of files or by several words. A list such as `[0]*1+[1]*26` is a pattern as well,
 * but one that names no file, and then stays as it is.
 */
export function isPattern(text: string): boolean {
  return !/^\[[\d,\s]*\][\d*+[\],]*$/.test(text) && /[*?[\]{}~]/.test(text);
}
