import type { ProblemRow, ReportSide } from "./report-data.ts";

/** One row per problem; of a comparison the other result's columns follow, and the difference of the shares of right samples. */
export function problemsCsv(side: ReportSide, other?: ReportSide): string {
  const names = ["samples", "right", "share_right", "no_answer", "truncated", "mean_tokens"];
  const header = [
    "problem",
    "prompt",
    "label",
    ...(other === undefined
      ? names
      : [...names.map((name) => `a_${name}`), ...names.map((name) => `b_${name}`), "difference"]),
  ];
  const rows = side.problems.map((row, i) => {
    const theirs = other?.problems[i];
    const head = [String(row.problem), row.prompt, row.label, ...columns(row)];
    if (theirs === undefined) return head;
    return [...head, ...columns(theirs), String(shareRight(theirs) - shareRight(row))];
  });
  return [header, ...rows].map((cells) => `${cells.map(cell).join(",")}\r\n`).join("");
}

export function shareRight({ correct, n }: Pick<ProblemRow, "correct" | "n">): number {
  return correct / n;
}

function columns(row: ProblemRow): string[] {
  const { n, correct, noAnswer, truncated, meanTokens } = row;
  return [n, correct, shareRight(row), noAnswer, truncated, meanTokens ?? ""].map(String);
}

/** RFC 4180. */
function cell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
