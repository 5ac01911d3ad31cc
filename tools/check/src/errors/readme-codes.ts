import { ERROR_CLASSES } from "./package-facts.ts";

/** Codes that a row or line of a README names, with the exit codes that it gives them. */
export interface ReadmeRow {
  readonly line: number;
  /** As written: a code, or the beginning of some with `*` or `…` at its end. */
  readonly codes: readonly string[];
  /** undefined: it says nothing of exit codes. */
  readonly exits: readonly number[] | undefined;
}

const CODE = /`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*(?:_[*…])?)`/g;

/** Tables whose first column is headed `code` or `error`, and the paragraph that begins with "Warnings:". */
export function readmeCodes(text: string): ReadmeRow[] {
  const rows: ReadmeRow[] = [];
  let header: readonly string[] = [];
  let warnings = false;
  for (const [index, line] of text.split("\n").entries()) {
    warnings = line.startsWith("Warnings:") || (warnings && line !== "");
    if (warnings) rows.push({ line: index + 1, codes: codesIn(line), exits: undefined });
    if (!line.startsWith("|")) {
      header = [];
      continue;
    }
    const cells = line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim());
    if (header.length === 0) header = cells;
    else if (/^(?:code|error)$/.test(header[0] ?? "") && !/^-+$/.test(cells[0] ?? "")) {
      const column = header.findIndex((title) => /exit|class|status/.test(title));
      const codes = codesIn(cells[0] ?? "");
      rows.push({ line: index + 1, codes, exits: exitsIn(cells[column] ?? "") });
    }
  }
  return rows;
}

/** Whether a code is one of those that a row names. */
export function names(row: ReadmeRow, code: string): boolean {
  return row.codes.some((one) =>
    /[*…]$/.test(one) ? code.startsWith(one.slice(0, -1)) : one === code,
  );
}

function codesIn(text: string): string[] {
  return [...text.matchAll(CODE)].map((match) => match[1] ?? "");
}

function exitsIn(cell: string): number[] | undefined {
  const numbers = [...cell.matchAll(/\d+/g)].map(([digits]) => Number(digits));
  if (numbers.length > 0) return numbers;
  const classes = Object.entries(ERROR_CLASSES).filter(([name]) => cell.includes(`\`${name}\``));
  return classes.length === 0 ? undefined : classes.map(([, exit]) => exit);
}
