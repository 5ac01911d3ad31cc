import { wrapText } from "./wrap.ts";

export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
}

export interface TableOptions {
  /** Columns of the screen, if there is one: cells of the last column go on below themselves. */
  readonly width?: number | undefined;
}

/** Under so few columns a text is not worth reading. */
const LEAST = 16;

/** Plain-text table: columns padded to their widest cell, two spaces apart, no trailing blanks. */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  options: TableOptions = {},
): string {
  const widths = columns.map((column, i) =>
    Math.max(width(column.title), ...rows.map((row) => width(row[i] ?? ""))),
  );
  const taken = widths.slice(0, -1).reduce((sum, size) => sum + size + 2, 0);
  const room = Math.max(LEAST, (options.width ?? Number.POSITIVE_INFINITY) - taken);
  const aligned = (cells: readonly string[]): string =>
    columns
      .map((column, i) => pad(cells[i] ?? "", widths[i] ?? 0, column.align ?? "left"))
      .join("  ")
      .trimEnd();
  const line = (cells: readonly string[]): string => {
    const last = cells[columns.length - 1] ?? "";
    if (width(last) <= room) return aligned(cells);
    // A word that is longer than the room stays whole, and the screen breaks it.
    const [first = "", ...rest] = wrapText(last, { width: room }).split("\n");
    const below = rest.map((part) => `${" ".repeat(taken)}${part}`);
    return [aligned([...cells.slice(0, columns.length - 1), first]), ...below].join("\n");
  };
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
