import type { Grade, GradeContext, Label } from "@moonlight-rl/reward";

/** Grades one response; may work elsewhere (a worker with a deadline of its own). */
export type Grading = (
  response: string,
  label: Label,
  context: GradeContext,
) => Grade | Promise<Grade>;

/** What became of a response whose grading did not end. */
export const TIMED_OUT = { reward: 0, outcome: "timed_out", extracted: null } as const;

/** Longer than any grader's own deadline: this is for one that hangs. */
export const GRADING_LIMIT_MS = 60_000;

/** A grading whose answer is waited for so long; then the sample counts as wrong, under its own name. */
export function gradeWithin(
  grade: Grading,
  limitMs: number,
): (...given: Parameters<Grading>) => Promise<Grade | typeof TIMED_OUT> {
  return async (...given) => {
    const grading = grade(...given);
    if (!(grading instanceof Promise)) return grading;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<typeof TIMED_OUT>((resolve) => {
      timer = setTimeout(() => resolve(TIMED_OUT), limitMs);
    });
    try {
      return await Promise.race([grading, late]);
    } finally {
      clearTimeout(timer);
    }
  };
}
