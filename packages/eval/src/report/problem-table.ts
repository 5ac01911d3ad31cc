import type { ProblemRow, ReportSide } from "./report-data.ts";

/** A column of the table of problems; every problem has a value in each. */
export type ProblemColumn =
  | { readonly name: string; readonly type: "text"; readonly values: readonly string[] }
  | { readonly name: string; readonly type: "count"; readonly values: readonly number[] }
  /** null where nobody measured. */
  | {
      readonly name: string;
      readonly type: "number";
      readonly values: readonly (number | null)[];
    };

/** One row per problem; of a comparison the other result's columns follow, and the difference of the shares of right samples. */
export function problemTable({ problems }: ReportSide, other?: ReportSide): ProblemColumn[] {
  const head: ProblemColumn[] = [
    { name: "problem", type: "count", values: problems.map(({ problem }) => problem) },
    { name: "prompt", type: "text", values: problems.map(({ prompt }) => prompt) },
    { name: "label", type: "text", values: problems.map(({ label }) => label) },
  ];
  if (other === undefined) return [...head, ...figures(problems, "")];
  const theirs = other.problems;
  return [
    ...head,
    ...figures(problems, "a_"),
    ...figures(theirs, "b_"),
    {
      name: "difference",
      type: "number",
      values: problems.map((row, i) => {
        const match = theirs[i];
        return match === undefined ? null : shareRight(match) - shareRight(row);
      }),
    },
  ];
}

export function shareRight({ correct, n }: Pick<ProblemRow, "correct" | "n">): number {
  return correct / n;
}

function figures(problems: readonly ProblemRow[], prefix: string): ProblemColumn[] {
  const column = <T>(value: (row: ProblemRow) => T): T[] => problems.map(value);
  return [
    { name: `${prefix}samples`, type: "count", values: column(({ n }) => n) },
    { name: `${prefix}right`, type: "count", values: column(({ correct }) => correct) },
    { name: `${prefix}share_right`, type: "number", values: column(shareRight) },
    { name: `${prefix}no_answer`, type: "count", values: column(({ noAnswer }) => noAnswer) },
    { name: `${prefix}truncated`, type: "count", values: column(({ truncated }) => truncated) },
    { name: `${prefix}mean_tokens`, type: "number", values: column((row) => row.meanTokens) },
  ];
}
