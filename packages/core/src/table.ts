export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
}

/** Plain-text table: columns padded to their widest cell, two spaces apart, no trailing blanks. */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string {
  const widths = columns.map((column, i) =>
    Math.max(width(column.title), ...rows.map((row) => width(row[i] ?? ""))),
  );
  const line = (cells: readonly string[]): string =>
    columns
      .map((column, i) => pad(cells[i] ?? "", widths[i] ?? 0, column.align ?? "left"))
      .join("  ")
      .trimEnd();
  return [line(columns.map((column) => column.title)), ...rows.map(line)].join("\n");
}

// oxlint-disable-next-line no-control-regex -- colour codes take no room on the screen
const ANSI = /\u001B\[[0-9;]*m/g;

function width(text: string): number {
  return [...text.replaceAll(ANSI, "")].length;
}

function pad(text: string, size: number, align: "left" | "right"): string {
  const blanks = " ".repeat(Math.max(0, size - width(text)));
  return align === "left" ? text + blanks : blanks + text;
}
