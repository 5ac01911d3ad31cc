export type { Grade, GradeContext, Grader, Label, Outcome } from "./grade.ts";
export { getGrader, GRADER_NAMES } from "./get-grader.ts";
export { gradeMath } from "./math.ts";
export { gradeDapo } from "./dapo.ts";
export { gradeDeepscaler, gradeGemmaMath } from "./deepscaler.ts";
export { lastBoxed } from "./boxed.ts";
