/** What differs from run to run wherever it stands, and what stands for it in a comparison. */
const ALWAYS_VARIES: readonly (readonly [RegExp, string])[] = [
  [/\b\d{8}-\d{6}-[0-9a-f]{4}\b/g, "<run>"],
  [/\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d\b/g, "<date>"],
  [/\b\d\d:\d\d:\d\d\b/g, "<clock>"],
  [/\b[0-9a-f]{12}(?:[0-9a-f]{4}|[0-9a-f]{52})?\b/g, "<digest>"],
  [/\b\d[\d.,]*\/s\b/g, "<rate>"],
  // 0.9 s, 240 ms, 1 m 37 s, 2 h 5 m
  [/(?<![\w.])(?:\d+ h )?(?:\d+ m )?\d+(?:\.\d+)? (?:ms|s|m|h)\b/g, "<time>"],
];
const NUMBER = /[-+−]?\d+(?:[.,]\d+)*(?:e[-+]?\d+)?/g;

export interface CompareOptions {
  /** Whether all numbers may be others. */
  readonly numbersVary: boolean;
}

/**
 * What of the shown output did not come out; undefined: all of it did. Lines have to follow each other as shown; a line `…` stands for
 * any lines, `…` within a line for any text. Spaces count as one, since widths of columns follow times.
 */
export function missingOutput(
  shown: string,
  actual: string,
  options: CompareOptions,
): string | undefined {
  const lines = linesOf(actual).map((line) => normal(line, options));
  const parts = segments(linesOf(shown).map((line) => normal(line, options)));
  let from = 0;
  for (const [index, part] of parts.entries()) {
    if (part.length === 0) continue;
    const anchored = index === 0;
    const ends = index === parts.length - 1;
    const at = find(part, lines, from, { anchored, ends });
    if (at === undefined) {
      const near = lines.slice(from, from + part.length + 5);
      return `shown, and not printed${anchored ? " first" : ends ? " last" : ""}:\n${indent(part)}\nprinted from there on:\n${indent(near)}`;
    }
    from = at + part.length;
  }
  return undefined;
}

function linesOf(text: string): string[] {
  const lines = text.split("\n").map((line) => line.replaceAll(/\s+/g, " ").trim());
  while (lines.at(-1) === "") lines.pop();
  while (lines[0] === "") lines.shift();
  return lines;
}

function normal(line: string, { numbersVary }: CompareOptions): string {
  let text = line;
  for (const [pattern, name] of ALWAYS_VARIES) text = text.replaceAll(pattern, name);
  if (!numbersVary) return text;
  // A p-value at the limit of its test is printed as a bound.
  return text.replaceAll(NUMBER, "<number>").replaceAll(/\bp [=≤<] (?=<number>)/g, "p ");
}

/** The lines between the lines `…`. */
function segments(lines: readonly string[]): string[][] {
  const parts: string[][] = [[]];
  for (const line of lines) {
    if (line === "…") parts.push([]);
    else parts.at(-1)?.push(line);
  }
  return parts;
}

function find(
  part: readonly string[],
  lines: readonly string[],
  from: number,
  { anchored, ends }: { readonly anchored: boolean; readonly ends: boolean },
): number | undefined {
  const last = lines.length - part.length;
  const first = ends ? Math.max(from, last) : from;
  for (let at = first; at <= (anchored ? from : last); at++) {
    if (at + part.length > lines.length || (ends && at !== last)) continue;
    if (part.every((line, i) => fits(line, lines[at + i] ?? ""))) return at;
  }
  return undefined;
}

function fits(shown: string, printed: string): boolean {
  if (!shown.includes("…")) return shown === printed;
  const pattern = shown.split("…").map((text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${pattern.join(".*")}$`, "u").test(printed);
}

function indent(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}`).join("\n");
}
