import { describe, expect, it } from "vitest";
import { RECIPE_FIELDS } from "./field.ts";
import { flatten } from "./flatten.ts";
import { resolveRecipe } from "./resolve.ts";

describe("RECIPE_FIELDS", () => {
  it("documents every field", () => {
    for (const { path, description } of RECIPE_FIELDS)
      expect(description, path).toMatch(/\w.*\.$|…$/);
  });

  /** Update with `npx vitest run --root packages/recipe -u`. */
  it("is what FIELDS.md says", async () => {
    await expect(fieldsPage()).toMatchFileSnapshot("../FIELDS.md");
  });
});

/** One list per group: field, type, value per profile, meaning. */
function fieldsPage(): string {
  const profiles = ["tiny", "moonlight-16b-a3b"] as const;
  const values = profiles.map((name) => flatten(resolveRecipe({ profile: name }).recipe));
  const groupOf = (path: string): string => (path.includes(".") ? (path.split(".")[0] ?? "") : "");
  const groups = [...new Set(RECIPE_FIELDS.map(({ path }) => groupOf(path)))];
  const sections = groups.flatMap((group) => [
    `## ${group === "" ? "The recipe itself" : group}`,
    "",
    ...RECIPE_FIELDS.filter(({ path }) => groupOf(path) === group).map((field) => {
      const defaults = profiles.map(
        (name, i) => `${name} \`${short(values[i]?.get(field.path))}\``,
      );
      return `- **${field.path}** (${field.type}; ${defaults.join(", ")}): ${field.description}`;
    }),
    "",
  ]);
  return [
    "# Fields of the recipe",
    "",
    "Generated from the schema and checked by its tests: type, the profiles' values, meaning.",
    "",
    ...sections,
  ].join("\n");
}

function short(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 40)}…` : text;
}
