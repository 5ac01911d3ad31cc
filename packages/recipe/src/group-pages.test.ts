import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { fieldLine, short } from "./field-documentation.ts";
import { RECIPE_FIELDS, type RecipeField } from "./field.ts";
import { flatten } from "./flatten.ts";
import { resolveRecipe } from "./resolve.ts";
import { RULES } from "./rules/check.ts";

const FOLDER = new URL("../../../docs/recipe/", import.meta.url);
const MARK = /(<!-- generated -->\n)[^]*(<!-- \/generated -->)/;

const groupOf = ({ path }: RecipeField): string =>
  path.includes(".") ? (path.split(".")[0] ?? "") : "general";
const GROUPS = [...new Set(RECIPE_FIELDS.map(groupOf))];

/** Rules are named after what they are about, which is nearly the group's name. */
const RULE_PREFIXES: Readonly<Record<string, readonly string[]>> = {
  sglang: ["engine"],
  faultTolerance: ["engine-health"],
  general: ["range", "path"],
};

/** Fields and rules of a group. */
function generated(group: string): string {
  const values = (["tiny", "moonlight-16b-a3b"] as const).map((profile) =>
    flatten(resolveRecipe({ profile }).recipe),
  );
  const fields = RECIPE_FIELDS.filter((field) => groupOf(field) === group).map((field) =>
    fieldLine(
      field,
      values.map((fields) => short(fields.get(field.path))),
    ),
  );
  const prefixes = RULE_PREFIXES[group] ?? [group];
  const rules = RULES.filter(({ id }) =>
    prefixes.some((prefix) => id.startsWith(`${prefix}-`)),
  ).map(
    ({ id, severity, beyondReference, reference }) =>
      `- **${id}** (${severity}${beyondReference ? ", ours alone" : ""}). Reference: ${reference}`,
  );
  const section = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : [`## ${title}`, "", ...lines, ""];
  const text = ["", ...section("Fields", fields), ...section("Rules", rules)].join("\n");
  return `${text.trimEnd()}\n\n`;
}

describe("docs/recipe", () => {
  /** Update with `npx vitest run packages/recipe -u`. */
  it.each(GROUPS)("has a page for %s whose generated part is current", async (group) => {
    const file = new URL(`${group}.md`, FOLDER);
    const page = readFileSync(file, "utf8");
    expect(page).toMatch(MARK);
    await expect(
      page.replace(MARK, (_, start: string, end: string) => start + generated(group) + end),
    ).toMatchFileSnapshot(file.pathname);
  });

  it("lists every page, and has no page of a group that is gone", () => {
    const index = readFileSync(new URL("README.md", FOLDER), "utf8");
    const pages = readdirSync(FOLDER).filter((name) => name !== "README.md");
    expect(pages.toSorted()).toEqual(
      ["cookbook.md", ...GROUPS.map((name) => `${name}.md`)].toSorted(),
    );
    for (const page of pages) expect(index).toContain(`(${page})`);
  });

  it("has every rule on a page", () => {
    const text = GROUPS.map(generated).join("\n");
    expect(RULES.filter(({ id }) => !text.includes(`**${id}**`)).map(({ id }) => id)).toEqual([]);
  });
});
