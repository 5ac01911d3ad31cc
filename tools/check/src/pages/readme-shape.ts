import { codeBlocks } from "../markdown-code.ts";
import { markdownLines } from "./markdown-lines.ts";

/** The example that a README begins with: what a reader takes in at a glance. */
const EXAMPLE_LINES = 15;

/**
 * How the README of a package differs from the shape that all of them have, so that knowing one is knowing all: name, what it is
 * for, a ten-line example, for a stage what goes in and what comes out, and last its errors in a table.
 */
export function readmeFaults(
  markdown: string,
  { name, stage }: { readonly name: string; readonly stage: boolean },
): string[] {
  const prose = markdownLines(markdown).filter(({ code }) => code === undefined);
  const [title, blank, purpose] = markdown.split("\n", 3);
  const faults: string[] = [];
  if (title !== `# ${name}`) faults.push(`its first line is not "# ${name}"`);
  if (blank !== "" || !/^\p{Lu}/u.test(purpose ?? ""))
    faults.push("after its title there is no sentence that says what it is for");
  const headings = prose.flatMap(({ text }) => /^## (.*)$/.exec(text)?.[1] ?? []);
  faults.push(...exampleFaults(markdown));
  const sections = [...(stage ? ["Input", "Output"] : []), "Errors"];
  const places = sections.map((section) =>
    headings.findIndex(
      (heading) => heading === section || (stage && heading === "Input and output"),
    ),
  );
  const errors = headings.lastIndexOf("Errors");
  for (const [i, section] of sections.entries())
    if ((section === "Errors" ? errors : (places[i] ?? -1)) === -1)
      faults.push(`has no section "## ${section}"`);
  if (errors !== -1 && errors !== headings.length - 1)
    faults.push(`"## Errors" is not its last section`);
  if (places.some((place, i) => i > 0 && place !== -1 && place < (places[i - 1] ?? 0)))
    faults.push(`its sections are not in the order ${sections.join(", ")}`);
  const last = markdown.slice(markdown.lastIndexOf("\n## Errors\n"));
  if (errors !== -1 && !/^\|[^\n]*\|\n\| ?:?-/m.test(last) && !/\bno (?:errors|code)\b/i.test(last))
    faults.push(`"## Errors" has no table, and does not say that there are none`);
  return faults;
}

function exampleFaults(markdown: string): string[] {
  const before = markdown.split(/^(?:\||## )/m, 1)[0] ?? "";
  const example = codeBlocks(before, "ts")[0] ?? codeBlocks(before, "sh")[0];
  if (example === undefined) return ["no example stands before its first table or section"];
  const lines = example.split("\n").filter((line) => line !== "").length;
  return lines > EXAMPLE_LINES ? [`its first example has ${lines} lines`] : [];
}
