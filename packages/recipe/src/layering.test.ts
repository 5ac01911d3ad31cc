import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { diffRecipes } from "./diff.ts";
import { RECIPE_FIELDS, type RecipeField } from "./field.ts";
import { unflatten } from "./flatten.ts";
import { resolveRecipe, type ResolvedRecipe } from "./resolve.ts";

type Change = readonly [path: string, value: unknown];

const name = fc.stringMatching(/^[a-z][a-z0-9./_-]{0,11}$/).filter((text) => text !== "null");

/** Any value that a field's type allows. */
function valueOf(schema: z.core.$ZodType): fc.Arbitrary<unknown> {
  if (schema instanceof z.ZodNullable) {
    return fc.oneof(fc.constant(null), valueOf(schema.unwrap()));
  }
  if (schema instanceof z.ZodEnum) return fc.constantFrom(...schema.options);
  if (schema instanceof z.ZodBoolean) return fc.boolean();
  if (schema instanceof z.ZodString) return name;
  if (schema instanceof z.ZodNumberFormat) return fc.integer();
  if (schema instanceof z.ZodNumber) return fc.double({ noNaN: true, noDefaultInfinity: true });
  if (schema instanceof z.ZodRecord) {
    return fc.dictionary(fc.stringMatching(/^[A-Z_]{1,5}$/), name, {
      maxKeys: 3,
      noNullPrototype: true,
    });
  }
  if (schema instanceof z.ZodArray) return fc.array(valueOf(schema.element), { maxLength: 3 });
  return fc.record({ name, path: name });
}

const change = fc
  .constantFrom(...RECIPE_FIELDS.filter(({ path }) => path !== "profile"))
  .chain((field: RecipeField) =>
    valueOf(field.schema).map((value): Change => [field.path, plain(value)]),
  );
/** Changes of different fields. */
const changes = fc.uniqueArray(change, { maxLength: 8, selector: ([path]) => path });
const profile = fc.constantFrom("tiny", "moonlight-16b-a3b");

/** −0 is not told apart from 0 in JSON. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value)) as unknown;
}

const file = (path: string, layer: readonly Change[]) => ({
  path,
  text: JSON.stringify(unflatten(new Map(layer))),
});
const set = ([path, value]: Change): string =>
  `${path}=${typeof value === "string" ? value : JSON.stringify(value)}`;
const at = ({ recipe }: ResolvedRecipe, path: string): unknown =>
  path.split(".").reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], recipe);

describe("layering", () => {
  it("takes a value from the last layer that names it, and says which", () => {
    fc.assert(
      fc.property(profile, changes, changes, changes, (name, first, second, sets) => {
        const resolved = resolveRecipe({
          profile: name,
          files: [file("first.json", first), file("second.json", second)],
          set: sets.map(set),
        });
        const base = resolveRecipe({ profile: name });
        const layers: readonly [string, readonly Change[]][] = [
          ["first.json", first],
          ["second.json", second],
        ];
        for (const { path } of RECIPE_FIELDS) {
          let [value, source] = [at(base, path), `profile ${name}`];
          for (const [label, layer] of layers) {
            const found = layer.find(([changed]) => changed === path);
            if (found !== undefined) [value, source] = [found[1], label];
          }
          const last = sets.find(([changed]) => changed === path);
          if (last !== undefined) [value, source] = [last[1], `--set ${set(last)}`];
          expect(at(resolved, path)).toEqual(value);
          expect(resolved.provenance[path]).toBe(source);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("does not depend on the order of changes to different fields", () => {
    fc.assert(
      fc.property(profile, changes, (name, sets) => {
        const forwards = resolveRecipe({ profile: name, set: sets.map(set) });
        const backwards = resolveRecipe({ profile: name, set: sets.map(set).reverse() });
        expect(backwards.recipe).toEqual(forwards.recipe);
      }),
      { numRuns: 25 },
    );
  });

  it("gives the same whether a change comes from a file or from --set, and whole recipes back", () => {
    fc.assert(
      fc.property(profile, changes, (name, layer) => {
        const { recipe } = resolveRecipe({ profile: name, files: [file("a.json", layer)] });
        expect(resolveRecipe({ profile: name, set: layer.map(set) }).recipe).toEqual(recipe);
        const whole = { path: "whole.json", text: JSON.stringify(recipe) };
        expect(resolveRecipe({ files: [whole] }).recipe).toEqual(recipe);
      }),
      { numRuns: 25 },
    );
  });

  it("undoes and redoes by difference", () => {
    fc.assert(
      fc.property(profile, changes, changes, (name, first, second) => {
        const before = resolveRecipe({ profile: name, set: first.map(set) }).recipe;
        const after = resolveRecipe({ profile: name, set: second.map(set) }).recipe;
        const differences = diffRecipes(before, after);
        const whole = { path: "before.json", text: JSON.stringify(before) };
        const patch = file(
          "patch.json",
          differences.map((difference): Change => [difference.path, difference.after]),
        );
        expect(resolveRecipe({ files: [whole, patch] }).recipe).toEqual(after);
        expect(diffRecipes(after, before).map(({ path }) => path)).toEqual(
          differences.map(({ path }) => path),
        );
      }),
      { numRuns: 25 },
    );
  });
});
