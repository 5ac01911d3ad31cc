import { describe, expect, it } from "vitest";
import { fieldLine, short } from "./field-documentation.ts";
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
    ...RECIPE_FIELDS.filter(({ path }) => groupOf(path) === group).map((field) =>
      fieldLine(
        field,
        values.map((fields) => short(fields.get(field.path))),
      ),
    ),
    "",
  ]);
  return [
    "# Fields of the recipe",
    "",
    "Generated from the schema and checked by its tests: type and unit, the profiles' values (tiny, then",
    "moonlight-16b-a3b, where they differ), meaning, miles' flag, what miles takes when it is not told, and where the",
    "reference defines it: A is miles/utils/arguments.py; of Megatron-LM, MG is training/arguments.py, MC",
    "training_config.py, TC transformer_config.py, MP model_parallel_config.py.",
    "",
    ...sections,
  ].join("\n");
}
