import type { ProblemColumn } from "./problem-table.ts";

/** The table of problems as RFC 4180 has it; what nobody measured is an empty cell. */
export function problemsCsv(columns: readonly ProblemColumn[]): string {
  const rows = (columns[0]?.values ?? []).map((_, i) =>
    columns.map(({ values }) => String(values[i] ?? "")),
  );
  return [columns.map(({ name }) => name), ...rows]
    .map((cells) => `${cells.map(cell).join(",")}\r\n`)
    .join("");
}

function cell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
