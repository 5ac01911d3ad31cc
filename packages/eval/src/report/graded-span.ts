/** Where the graded answer stands in a response, as offsets of UTF-16 units. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** What introduces an answer; the graders look for the last of it. */
const MARKS = ["\\boxed", "Answer:", "answer:"];
/** Braces and spaces between the mark and the answer. */
const GAP = 8;

/**
 * The place of the extracted answer: behind the last mark that introduces it, else its last occurrence. undefined if the
 * grader found none, or changed the text that it found.
 */
export function gradedSpan(response: string, extracted: string | null): Span | undefined {
  if (extracted === null || extracted === "") return undefined;
  for (const mark of MARKS) {
    const at = response.lastIndexOf(mark);
    if (at === -1) continue;
    const from = at + mark.length;
    const start = response.indexOf(extracted, from);
    if (start !== -1 && start - from <= GAP) return { start, end: start + extracted.length };
  }
  const start = response.lastIndexOf(extracted);
  return start === -1 ? undefined : { start, end: start + extracted.length };
}
