import { closest, UsageError } from "@moonlight-rl/core";
import { gradeDapo } from "./dapo.ts";
import { gradeDeepscaler, gradeGemmaMath } from "./deepscaler.ts";
import type { Grader } from "./grade.ts";
import { gradeMath } from "./math.ts";

const GRADERS: Readonly<Record<string, Grader>> = {
  math: gradeMath,
  dapo: gradeDapo,
  deepscaler: gradeDeepscaler,
  gemma_math: gradeGemmaMath,
};

/** Names that `getGrader` knows: the reference's values of `--rm-type`. */
export const GRADER_NAMES: readonly string[] = Object.keys(GRADERS);

/** The grader of that name. An unknown name is a `UsageError`. */
export function getGrader(name: string): Grader {
  const grader = Object.hasOwn(GRADERS, name) ? GRADERS[name] : undefined;
  if (grader !== undefined) return grader;
  const suggestion = closest(name, GRADER_NAMES);
  throw new UsageError("GRADER_UNKNOWN", `There is no grader "${name}".`, {
    field: "rmType",
    hint:
      suggestion === undefined
        ? `Graders: ${GRADER_NAMES.join(", ")}.`
        : `Did you mean "${suggestion}"?`,
  });
}
