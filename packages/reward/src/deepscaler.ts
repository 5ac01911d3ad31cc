import { UsageError } from "@moonlight-rl/core";
import { lastBoxed } from "./boxed.ts";
import { withoutAnswer, type Grader, type Label } from "./grade.ts";
import { labelText } from "./label.ts";
import { compareTexts } from "./math.ts";

/** Grades like `math`, on the part of a response that follows its reasoning. */
function gradePart(partOf: (response: string) => string | undefined): Grader {
  return (response, label, context) => {
    const part = partOf(response);
    const extracted = part === undefined ? undefined : lastBoxed(part);
    if (extracted === undefined) return withoutAnswer(0, context);
    const verdict = label === "" ? "different" : compareTexts(extracted, scalarText(label));
    if (verdict === "equal") return { reward: 1, outcome: "correct", extracted };
    return { reward: 0, outcome: verdict === "unknown" ? "unparsable" : "wrong", extracted };
  };
}

function scalarText(label: Label): string {
  if (label === undefined || label === null || typeof label === "object") {
    throw new UsageError(
      "LABEL_NOT_SCALAR",
      `The label ${JSON.stringify(label) ?? "(missing)"} is neither a text nor a number.`,
      { field: "label" },
    );
  }
  return labelText(label);
}

/** After the last `</think>`, else between the first and the second `###Response`, else nothing counts. Label 0 is fine here. */
export const gradeDeepscaler: Grader = gradePart((response) => {
  const thought = response.lastIndexOf("</think>");
  if (thought !== -1) return response.slice(thought + "</think>".length);
  return response.split("###Response", 2)[1];
});

/** After the last `<channel|>`, or the whole response where there is none. */
export const gradeGemmaMath: Grader = gradePart((response) => {
  const channel = response.lastIndexOf("<channel|>");
  return channel === -1 ? response : response.slice(channel + "<channel|>".length);
});
