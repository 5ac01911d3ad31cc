import { posix } from "node:path";
import { formatTable, wrapText } from "@moonlight-rl/core";
import type { ErrorEntry } from "./error-entry.ts";

export interface EntryTextOptions {
  /** Columns of the screen. */
  readonly width: number;
  /** Where the page is for the reader, if it can be reached. */
  readonly link?: string | undefined;
  readonly bold: (text: string) => string;
}

/** One code, for people. */
export function entryText(entry: ErrorEntry, { width, link, bold }: EntryTextOptions): string {
  const list = (items: readonly string[]): string =>
    items
      .map((item) => wrapText(withoutLinks(item), { width, first: "  - ", rest: "    " }))
      .join("\n");
  const parts = [
    `${bold(entry.code)}  (${outcomeText(entry)})`,
    wrapText(withoutLinks(entry.meaning), { width }),
    ...(entry.causes.length > 0 ? [`Usual causes:\n${list(entry.causes)}`] : []),
    `What to do:\n${list(entry.remedies)}`,
    `${wrapText(`Raised by: ${entry.packages.join(", ")}`, { width })}${link === undefined ? "" : `\nPage: ${link}`}`,
  ];
  return parts.join("\n\n");
}

/** Links of the page as a terminal can show them; those to files start at the page's folder. */
function withoutLinks(text: string): string {
  return text.replaceAll(/\[([^\]]+)\]\(([^)]+)\)/g, (_, title: string, target: string) => {
    const [file = ""] = target.split("#");
    const place = target.includes("://") ? target : posix.join("docs/errors", file);
    return `${title} (${place})`;
  });
}

/** Several codes, one a line: the beginning of what each means. */
export function entriesTable(entries: readonly ErrorEntry[], width: number): string {
  const code = Math.max(...entries.map((entry) => entry.code.length));
  const outcome = Math.max("outcome".length, ...entries.map((entry) => outcomeText(entry).length));
  const room = Math.max(20, width - code - outcome - 4);
  return formatTable(
    [{ title: "code" }, { title: "outcome" }, { title: "meaning" }],
    entries.map((entry) => [entry.code, outcomeText(entry), cut(entry.meaning, room)]),
  );
}

function outcomeText({ exits, also }: ErrorEntry): string {
  const exit = exits.length > 0 ? [`exit ${exits.join(" or ")}`] : [];
  return [...exit, ...also].join(" or ");
}

function cut(text: string, room: number): string {
  return text.length <= room ? text : `${text.slice(0, room - 1).trimEnd()}…`;
}
