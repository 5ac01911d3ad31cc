/** What is said of one code; `moonlight explain` shows it and `docs/errors` is where it is written. */
export interface ErrorEntry {
  readonly code: string;
  /** Exit codes of commands that end with it; none for what never ends one. */
  readonly exits: readonly number[];
  /** `warning`: told while work goes on; `finding`: listed in a result; `answer`: told to a client over HTTP. */
  readonly also: readonly ("warning" | "finding" | "answer")[];
  /** Folders of the packages that raise it. */
  readonly packages: readonly string[];
  /** Where it is written, from the root of the repository. */
  readonly page: string;
  readonly meaning: string;
  readonly causes: readonly string[];
  readonly remedies: readonly string[];
}

const ALSO = { warning: "warning", finding: "finding", "answer to a client": "answer" } as const;

/**
 * The entries of a page: a heading for each code, a line in italics that says what becomes of it and who raises it, what it
 * means, usual causes if they can be named, and what to do. Throws on anything else, so that no part goes unread.
 */
export function readErrorPage(page: string, text: string): ErrorEntry[] {
  return text
    .split(/^## /m)
    .slice(1)
    .map((section) => readSection(page, section));
}

function readSection(page: string, section: string): ErrorEntry {
  const [code = "", ...rest] = section.trimEnd().split("\n");
  const fail = (what: string): never => {
    throw new Error(`${page}: ${code}: ${what}`);
  };
  const blocks = rest.join("\n").trim().split(/\n\n+/);
  const first = /^_(.+?), from (`[a-z-]+`(?:, `[a-z-]+`)*)\._ (.+)$/s.exec(blocks.shift() ?? "");
  if (first === null) fail('does not begin with "_Exit N, from `package`._" and its meaning');
  const [, outcome = "", packages = "", meaning = ""] = first ?? [];
  const entry = { causes: [] as string[], remedies: [] as string[] };
  while (blocks.length > 0) {
    const title = blocks.shift() ?? "";
    const list = title === "Usual causes:" ? entry.causes : entry.remedies;
    if (title !== "Usual causes:" && title !== "What to do:") fail(`what is "${title}"?`);
    const items = blocks.shift() ?? "";
    if (!items.startsWith("- ")) fail(`"${title}" needs a list`);
    list.push(...items.slice(2).split(/\n- /).map(oneLine));
  }
  if (entry.remedies.length === 0) fail('"What to do:" is missing');
  return {
    code,
    ...readOutcome(outcome, fail),
    packages: packages.split(", ").map((name) => name.slice(1, -1)),
    page: `${page}#${code.toLowerCase()}`,
    meaning: oneLine(meaning),
    ...entry,
  };
}

function readOutcome(
  text: string,
  fail: (what: string) => never,
): Pick<ErrorEntry, "exits" | "also"> {
  const exits: number[] = [];
  const also: ErrorEntry["also"][number][] = [];
  for (const part of text.replace(/^./, (letter) => letter.toLowerCase()).split(" or ")) {
    const exit = /^(?:exit )?(\d+)$/.exec(part)?.[1];
    if (exit !== undefined) exits.push(Number(exit));
    else if (Object.hasOwn(ALSO, part)) also.push(ALSO[part as keyof typeof ALSO]);
    else fail(`what is "${part}"?`);
  }
  return { exits, also };
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, " ").trim();
}
