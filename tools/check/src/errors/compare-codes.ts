import type { ErrorEntry } from "./error-page.ts";
import { names, type ReadmeRow } from "./readme-codes.ts";
import type { CodeUse } from "./scan-package.ts";

/** What the source of each package does with codes, by the package's folder name. */
export type UsesByPackage = ReadonlyMap<string, readonly CodeUse[]>;

/** Packages whose errors may reach nobody but the clients of their servers. */
const SERVERS = ["dashboard"];

/** Codes without a page, pages without a code, and pages that say otherwise than the source. */
export function pageFaults(uses: UsesByPackage, entries: readonly ErrorEntry[]): string[] {
  const faults: string[] = [];
  const known = new Map<string, ErrorEntry>();
  for (const entry of entries) {
    const other = known.get(entry.code);
    if (other !== undefined) faults.push(`${entry.code}: is on ${other.page} and on ${entry.page}`);
    known.set(entry.code, entry);
  }
  for (const [name, list] of uses)
    for (const { code, outcome, place } of list) {
      const entry = known.get(code);
      if (entry === undefined)
        faults.push(`${place}: ${code} has no page: write it in docs/errors/${name}.md`);
      else if (!entry.packages.includes(name))
        faults.push(`${entry.page}: ${name} raises it as well (${place})`);
      else if (typeof outcome === "number" && !allows(entry, outcome, name))
        faults.push(`${entry.page}: the source gives it exit code ${outcome} (${place})`);
      else if (outcome === "warning" && !entry.also.includes("warning"))
        faults.push(`${entry.page}: the source warns with it (${place})`);
    }
  for (const entry of entries) faults.push(...unfounded(entry, uses));
  return [...new Set(faults)];
}

function allows(entry: ErrorEntry, exit: number, name: string): boolean {
  if (entry.exits.includes(exit)) return true;
  return SERVERS.includes(name) && entry.also.includes("answer");
}

/** What a page says and the source does not. */
function unfounded(
  { code, page, packages, exits, also }: ErrorEntry,
  uses: UsesByPackage,
): string[] {
  const raised = packages.map((name) => ({
    name,
    list: (uses.get(name) ?? []).filter((use) => use.code === code),
  }));
  const outcomes = raised.flatMap(({ list }) => list.map(({ outcome }) => outcome));
  if (outcomes.length === 0) return [`${page}: no source raises ${code}`];
  const told = outcomes.includes("told");
  return [
    ...raised
      .filter(({ list }) => list.length === 0)
      .map(({ name }) => `${page}: ${name} does not raise it`),
    // What a helper does with a code that it is told cannot be seen from here.
    ...(told ? [] : exits)
      .filter((exit) => !outcomes.includes(exit))
      .map((exit) => `${page}: no source gives it exit code ${exit}`),
    ...(also.includes("warning") && !told && !outcomes.includes("warning")
      ? [`${page}: no source warns with it`]
      : []),
  ];
}

/** What the README of a package leaves out of its tables, or says otherwise than the pages. */
export function readmeFaults(
  readme: string,
  rows: readonly ReadmeRow[],
  uses: readonly CodeUse[],
  entries: ReadonlyMap<string, ErrorEntry>,
): string[] {
  const faults: string[] = [];
  for (const { code, outcome, place } of uses) {
    const named = rows.filter((row) => names(row, code));
    if (named.length === 0) faults.push(`${readme}: ${code} is in no table of it (${place})`);
    else if (
      typeof outcome === "number" &&
      !named.some(({ exits }) => exits?.includes(outcome)) &&
      // Its table gives the status of the answer.
      entries.get(code)?.also.includes("answer") !== true
    )
      faults.push(`${readme}:${named[0]?.line}: ${code} has exit code ${outcome} (${place})`);
  }
  for (const row of rows) {
    const unknown = row.codes.filter(
      (code) => ![...entries.keys()].some((one) => names({ ...row, codes: [code] }, one)),
    );
    faults.push(...unknown.map((code) => `${readme}:${row.line}: nothing raises ${code}`));
    const possible = [...entries.values()].filter(({ code }) => names(row, code));
    for (const exit of row.exits ?? [])
      if (exit < 256 && possible.length > 0 && !possible.some(({ exits }) => exits.includes(exit)))
        faults.push(`${readme}:${row.line}: none of ${row.codes.join(", ")} has exit code ${exit}`);
  }
  return [...new Set(faults)];
}
