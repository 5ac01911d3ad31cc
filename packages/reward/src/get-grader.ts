import { closest, UsageError } from "@moonlight-rl/core";
import { lastBoxed } from "./boxed.ts";
import { gradeDapo } from "./dapo.ts";
import { gradeDeepscaler, gradeGemmaMath } from "./deepscaler.ts";
import { gradeF1 } from "./f1.ts";
import { gradeGpqa } from "./gpqa.ts";
import type { Grader } from "./grade.ts";
import { gradeMath } from "./math.ts";

const GRADERS: Readonly<Record<string, Grader>> = {
  math: gradeMath,
  dapo: gradeDapo,
  deepscaler: gradeDeepscaler,
  gemma_math: gradeGemmaMath,
  f1: gradeF1,
  gpqa: gradeGpqa,
};

/** Before any of the names: the grader sees only what is in the last `\boxed{…}`, or "" where there is none. */
const BOXED = "boxed_";

/** Names that `getGrader` knows, each also with `boxed_` before it: the reference's values of `--rm-type`. */
export const GRADER_NAMES: readonly string[] = Object.keys(GRADERS);

export function isGraderName(name: string): boolean {
  return Object.hasOwn(GRADERS, baseName(name));
}

/**
 * The grader of that name. An unknown name is a `UsageError`.
 *
 * @example
 * import { getGrader } from "@moonlight-rl/reward";
 *
 * const grade = getGrader("math");
 * grade("It is \\boxed{0.5}.", "1/2").reward; // 1
 * grade("I do not know.", "1/2").outcome; // "no_answer"
 */
export function getGrader(name: string): Grader {
  const base = baseName(name);
  const grader = Object.hasOwn(GRADERS, base) ? GRADERS[base] : undefined;
  if (grader !== undefined) return base === name ? grader : onBoxed(grader);
  const suggestion = closest(name, GRADER_NAMES);
  throw new UsageError("GRADER_UNKNOWN", `There is no grader "${name}".`, {
    field: "rmType",
    hint:
      suggestion === undefined
        ? `Graders: ${GRADER_NAMES.join(", ")}, each also as boxed_….`
        : `Did you mean "${suggestion}"?`,
  });
}

/** The reward of a wrong answer. */
export function lowestReward(name: string): number {
  return baseName(name) === "dapo" ? -1 : 0;
}

function baseName(name: string): string {
  return name.startsWith(BOXED) ? name.slice(BOXED.length) : name;
}

function onBoxed(grader: Grader): Grader {
  return (response, label, context) => grader(lastBoxed(response) ?? "", label, context);
}
