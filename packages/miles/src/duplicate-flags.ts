export interface DuplicateFlag {
  readonly flag: string;
  /** The values of each occurrence, in order; the last one counts. */
  readonly values: readonly (readonly string[])[];
}

/** Flags that stand more than once in an argv; argparse keeps the last occurrence without a word. */
export function duplicateFlags(argv: readonly string[]): DuplicateFlag[] {
  const found = new Map<string, string[][]>();
  let values: string[] = [];
  for (const arg of argv) {
    if (arg.startsWith("--")) {
      values = [];
      found.set(arg, [...(found.get(arg) ?? []), values]);
    } else values.push(arg);
  }
  return [...found]
    .filter(([, occurrences]) => occurrences.length > 1)
    .map(([flag, occurrences]) => ({ flag, values: occurrences }));
}
