export type { Grade, GradeContext, Grader, GradingTask, Label, Outcome } from "./grade.ts";
export { getGrader, GRADER_NAMES, isGraderName } from "./get-grader.ts";
export { gradeMath } from "./math.ts";
export { gradeDapo } from "./dapo.ts";
export { gradeDeepscaler, gradeGemmaMath } from "./deepscaler.ts";
export { gradeF1 } from "./f1.ts";
export { gradeGpqa } from "./gpqa.ts";
export { lastBoxed } from "./boxed.ts";
export { isRemote, openGrading, type Grading, type GradingOptions } from "./grading/grading.ts";
