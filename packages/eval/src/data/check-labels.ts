import { toMoonlightError, UsageError, type Emit } from "@moonlight-rl/core";
import { getGrader, isRemote } from "@moonlight-rl/reward";
import type { Settings } from "../settings.ts";
import type { Problem } from "./problem.ts";

/** A response in which every grader finds an answer. */
const PROBE = "</think>\\boxed{-}\nAnswer: -";

/** Finds labels that a grader of ours cannot work with before anything is sampled. */
export function checkLabels(
  problems: readonly Problem[],
  { rmType, customRmPath }: Pick<Settings, "rmType" | "customRmPath">,
  emit: Emit,
): void {
  if (customRmPath !== undefined || isRemote(rmType)) return;
  const grade = getGrader(rmType);
  for (const { index, label, metadata } of problems) {
    try {
      grade(PROBE, label, metadata === undefined ? {} : { metadata });
    } catch (cause) {
      const { message, hint } = toMoonlightError(cause);
      throw new UsageError("EVAL_DATA_INVALID", `Problem ${index + 1}: ${message}`, {
        field: "label",
        ...(hint === undefined ? {} : { hint }),
        cause,
      });
    }
  }
  const hopeless = problems.filter(({ label }) => label === 0 || label === false).length;
  if (hopeless > 0 && rmType === "math") {
    emit({
      type: "warning",
      code: "EVAL_LABEL_FALSY",
      message: `${hopeless} labels are 0 or false, which the reference's math grader takes for missing: no response can be right.`,
      hint: 'Write the label as a text: "0".',
    });
  }
}
