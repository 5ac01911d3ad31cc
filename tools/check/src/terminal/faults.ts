import type { Row } from "./screen.ts";

const ESCAPE = "\u001B";
/** Colours and weights of text, as distinct from movements of the cursor. */
// oxlint-disable-next-line no-control-regex -- these are what is looked for
const STYLE = /\u001B\[[\d;]*m/;

/** Rows that were too narrow for what stands in them, unless that holds a path: those stay whole, so that they can be copied. */
export function wrappedRows(rows: readonly Row[], columns: number): string[] {
  const faults: string[] = [];
  for (const [at, row] of rows.entries()) {
    if (!row.wrapped || rows[at - 1]?.wrapped === true) continue;
    let text = rows[at - 1]?.text ?? "";
    for (let next = at; rows[next]?.wrapped === true; next++) text += rows[next]?.text ?? "";
    if (!/\/\S{20}/.test(text)) faults.push(`wider than ${columns} columns: ${text}`);
  }
  return faults;
}

export function hasStyle(raw: string): boolean {
  return STYLE.test(raw);
}

/** What has no place in a file or a pipe. */
export function controlFaults(text: string): string[] {
  return [
    ...(text.includes(ESCAPE) ? ["an escape sequence without a terminal"] : []),
    ...(/\r(?!\n)/.test(text) ? ["a carriage return without a terminal"] : []),
  ];
}
