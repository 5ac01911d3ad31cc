import type { Json } from "@moonlight-rl/core";
import { getGrader, isGraderName, type Grade, type GradeContext } from "@moonlight-rl/reward";
import { z } from "zod";

/** The exception that the reference raised, or only that it did. */
const failed = z.union([z.object({ error: z.string() }), z.literal("error")]);
const json: z.ZodType<Json> = z.json();
const score = z.union([z.number(), failed]);

/** One line of recorded outcomes; which graders were run is told by which fields are there. */
export const rewardCaseSchema = z.looseObject({
  id: z.union([z.int(), z.string()]),
  response: json,
  label: json.optional(),
  /** JSON does not tell 5.0 from 5; Python's type and text of the label do. */
  label_type: z.string().optional(),
  label_str: z.string().optional(),
  math: score.optional(),
  dapo: z.union([z.object({ score: z.number() }), score]).optional(),
  deepscaler: score.optional(),
  gemma: score.optional(),
  f1: z.union([z.object({ f1: z.number() }), z.number(), failed]).optional(),
  gpqa: score.optional(),
  boxed_math: score.optional(),
  boxed_f1: score.optional(),
  boxed_gpqa: score.optional(),
  /** What `gpqa` knows beside the label. */
  metadata: json.optional(),
  /** Whether the outcome may hang on how the reference rounds decimals beside unknowns (docs/reward.md). */
  rounding: z.boolean().optional(),
});
export type RewardCase = z.output<typeof rewardCaseSchema>;

/** Field of a case → name of the grader that it is an outcome of. */
const GRADERS = {
  math: "math",
  dapo: "dapo",
  deepscaler: "deepscaler",
  gemma: "gemma_math",
  f1: "f1",
  gpqa: "gpqa",
  boxed_math: "boxed_math",
  boxed_f1: "boxed_f1",
  boxed_gpqa: "boxed_gpqa",
} as const;

export interface Comparison {
  readonly grader: string;
  readonly verdict: "same" | "different" | "skipped";
  readonly text: string;
}

/** Compares rewards, and whether the grader refuses at all; one comparison for each recorded outcome. */
export function compareCase(one: RewardCase): Comparison[] {
  return (Object.keys(GRADERS) as (keyof typeof GRADERS)[]).flatMap((field) => {
    const recorded = one[field];
    return recorded === undefined ? [] : [compare(one, GRADERS[field], wanted(recorded))];
  });
}

function compare(one: RewardCase, grader: string, want: number | "refused"): Comparison {
  if (!isGraderName(grader))
    return { grader, verdict: "skipped", text: `there is no grader ${grader} yet` };
  const { response } = one;
  if (typeof response !== "string")
    return { grader, verdict: "skipped", text: "our graders' signature takes only text" };
  let grade: Grade | undefined;
  let got: number | "refused";
  try {
    grade = getGrader(grader)(response, labelOf(one, grader), contextOf(one));
    got = grade.reward;
  } catch {
    got = "refused";
  }
  if (got === want) return { grader, verdict: "same", text: "" };
  if (one.rounding === true) {
    return {
      grader,
      verdict: "skipped",
      text: "decimals beside unknowns that the reference rounds otherwise",
    };
  }
  return {
    grader,
    verdict: "different",
    text: `reference ${want}, ours ${got}${grade === undefined ? "" : ` (${grade.outcome})`}; label ${short(one.label)}, response ${short(response.slice(-200))}`,
  };
}

function contextOf({ metadata }: RewardCase): GradeContext {
  return metadata === undefined ? {} : { metadata };
}

function wanted(
  recorded: Exclude<RewardCase[keyof typeof GRADERS], undefined>,
): number | "refused" {
  if (typeof recorded === "number") return recorded;
  if (recorded === "error" || "error" in recorded) return "refused";
  return "score" in recorded ? recorded.score : recorded.f1;
}

/** Numbers that JavaScript would change travel as the text that the reference makes of them; a falsy one stays falsy, and f1 takes no number. */
function labelOf({ label, label_type, label_str }: RewardCase, grader: string): Json | undefined {
  if (grader.endsWith("f1")) return label;
  const changed = label_type === "float" || (label_type === "int" && !Number.isSafeInteger(label));
  return changed && label !== 0 && label_str !== undefined ? label_str : label;
}

function short(value: Json | undefined): string {
  const text = JSON.stringify(value) ?? "undefined";
  return text.length > 240 ? `…${text.slice(-240)}` : text;
}
