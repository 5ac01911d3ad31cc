import { strip } from "./python-number.ts";

/** Lines that are set apart. */
export function asDisplay(text: string): string {
  return `\n    ${strip(text).replaceAll("\n", "\n    ")}\n`;
}

/** Undefined without a cell. */
export function asMatrix(rows: readonly (readonly string[])[]): string | undefined {
  const widths = rows.flat().map((cell) => [...cell].length);
  if (widths.length === 0) return undefined;
  const width = widths.reduce((a, b) => Math.max(a, b));
  const pad = (cell: string): string => " ".repeat(width - [...cell].length) + cell;
  return `[ ${rows.map((row) => row.map(pad).join(" ")).join("; ")} ]`;
}
