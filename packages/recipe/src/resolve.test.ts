import { describe, expect, it } from "vitest";
import { diffRecipes } from "./diff.ts";
import { RECIPE_FIELDS } from "./field.ts";
import { flatten, unflatten } from "./flatten.ts";
import { PROFILES } from "./profile.ts";
import { resolveRecipe } from "./resolve.ts";
import { parseRecipe } from "./schema.ts";

const file = (path: string, text: string) => ({ path, text });

describe("resolveRecipe", () => {
  it.each(["tiny", "moonlight-16b-a3b"] as const)("gives profile %s whole and valid", (profile) => {
    const { recipe, provenance } = resolveRecipe({ profile });
    expect(parseRecipe(JSON.parse(JSON.stringify(recipe)))).toEqual(recipe);
    expect(Object.keys(provenance)).toEqual(RECIPE_FIELDS.map(({ path }) => path));
    expect(new Set(Object.values(provenance))).toEqual(new Set([`profile ${profile}`]));
  });

  it("lays profile < files < --set, and says where each value came from", () => {
    const { recipe, provenance } = resolveRecipe({
      profile: "tiny",
      files: [
        file(
          "a.yaml",
          "rollout:\n  numRollout: 10\n  rolloutBatchSize: 32\noptimizer: {lr: 1e-5}\n",
        ),
        file("b.json", '{"rollout": {"numRollout": 20}}'),
      ],
      set: ["optimizer.lr=1e-4", "optimizer.lr=2e-4"],
    });
    expect(recipe.rollout).toMatchObject({ numRollout: 20, rolloutBatchSize: 32, topP: 1 });
    expect(recipe.optimizer.lr).toBe(2e-4);
    expect(provenance).toMatchObject({
      "rollout.numRollout": "b.json",
      "rollout.rolloutBatchSize": "a.yaml",
      "optimizer.lr": "--set optimizer.lr=2e-4",
      "rollout.topP": "profile tiny",
    });
  });

  it("takes a whole recipe as a file, unchanged", () => {
    const { recipe } = resolveRecipe({ profile: "tiny", set: ["rollout.numRollout=7"] });
    const again = resolveRecipe({ files: [file("recipe.json", JSON.stringify(recipe))] });
    expect(again.recipe).toEqual(recipe);
  });

  it("replaces lists whole and allows null where the field does", () => {
    const { recipe } = resolveRecipe({
      profile: "tiny",
      set: [
        "eval.datasets=[{name: a, path: x.jsonl}]",
        "sglang.cudaGraphBs=1, 2",
        "eval.interval=null",
      ],
    });
    expect(recipe.eval.datasets).toEqual([{ name: "a", path: "x.jsonl" }]);
    expect(recipe.sglang.cudaGraphBs).toEqual([1, 2]);
    expect(recipe.eval.interval).toBeNull();
  });

  it("reads maps, and texts that look like numbers, by the type of the field", () => {
    const set = ["runtime.env={A: 1, B: true}", "rollout.stop=1, x"];
    const { recipe } = resolveRecipe({ profile: "tiny", set });
    expect(recipe.runtime.env).toEqual({ A: "1", B: "true" });
    expect(recipe.rollout.stop).toEqual(["1", "x"]);
    expect(() => resolveRecipe({ profile: "tiny", set: ["runtime.env={A-B: 1}"] })).toThrow(
      expect.objectContaining({ code: "RECIPE_INVALID" }),
    );
  });

  it("takes an empty file for no change", () => {
    const files = [file("empty.yaml", "# nothing yet\n")];
    expect(resolveRecipe({ profile: "tiny", files }).recipe).toEqual(PROFILES.tiny.recipe(""));
  });

  it.each([
    ["rollout.numRolout=3", "RECIPE_FIELD_UNKNOWN", "rollout.numRolout", "rollout.numRollout"],
    ["lr=3", "RECIPE_FIELD_UNKNOWN", "lr", "optimizer.lr"],
    ["rollout=3", "RECIPE_FIELD_UNKNOWN", "rollout", "is a group"],
    ["__proto__.x=3", "RECIPE_FIELD_UNKNOWN", "__proto__.x", "README"],
    ["rollout.numRollout", "RECIPE_SET_SYNTAX", "rollout.numRollout", "--set"],
    ["sglang.cudaGraphBs=[1,", "RECIPE_SET_SYNTAX", "sglang.cudaGraphBs", "a,b,c"],
    ["profile=tiny", "RECIPE_SET_PROFILE", "profile", "--profile"],
  ])("refuses --set %s", (text, code, field, hint) => {
    expect(() => resolveRecipe({ profile: "tiny", set: [text] })).toThrow(
      expect.objectContaining({ code, field, hint: expect.stringContaining(hint), exitCode: 2 }),
    );
  });

  it.each([
    ["rollout.numRollout=ten", "rollout.numRollout"],
    ["rollout.numRollout=1.5", "rollout.numRollout"],
    ["rollout.numRollout=null", "rollout.numRollout"],
    ["rollout.numRollout=", "rollout.numRollout"],
    ["rollout.shuffle=yes", "rollout.shuffle"],
    ["reward.rmType=maths", "reward.rmType"],
    ["eval.datasets=[{name: a}]", "eval.datasets.0.path"],
    ["optimizer.lr=1e999", "optimizer.lr"],
  ])("checks the type of --set %s", (text, field) => {
    expect(() => resolveRecipe({ profile: "tiny", set: [text] })).toThrow(
      expect.objectContaining({ code: "RECIPE_INVALID", field }),
    );
  });

  it.each([
    [
      "rollout: {numRolout: 3}",
      "RECIPE_INVALID",
      "rollout.numRolout",
      'Did you mean "numRollout"?',
    ],
    ["rollouts: {}", "RECIPE_INVALID", "rollouts", 'Did you mean "rollout"?'],
    ["rollout: {numRollout: ten}", "RECIPE_INVALID", "rollout.numRollout", undefined],
    ["rollout: {numRollout: 1, numRollout: 2}", "RECIPE_FILE_SYNTAX", undefined, undefined],
    ["rollout: [", "RECIPE_FILE_SYNTAX", undefined, undefined],
    ["just text", "RECIPE_INVALID", "", undefined],
  ])("refuses the file %j", (text, code, field, hint) => {
    const error = expect.objectContaining({ code, field, hint, file: "r.yaml" });
    expect(() => resolveRecipe({ profile: "tiny", files: [file("r.yaml", text)] })).toThrow(error);
  });

  it("survives aliases that would grow without bound", () => {
    const bomb = ["a: &a [x,x,x,x,x,x,x,x,x]"];
    for (const [from, to] of ["ab", "bc", "cd", "de", "ef"]) {
      bomb.push(`${to}: &${to} [${Array(9).fill(`*${from}`).join(",")}]`);
    }
    expect(() =>
      resolveRecipe({ profile: "tiny", files: [file("bomb.yaml", bomb.join("\n"))] }),
    ).toThrow(expect.objectContaining({ code: "RECIPE_FILE_SYNTAX" }));
  });

  it("needs one profile, and one only", () => {
    const tiny = file("tiny.yaml", "profile: tiny\n");
    expect(resolveRecipe({ files: [tiny] }).recipe.profile).toBe("tiny");
    expect(() => resolveRecipe({})).toThrow(
      expect.objectContaining({ code: "RECIPE_PROFILE_MISSING" }),
    );
    expect(() => resolveRecipe({ profile: "moonlight-16b-a3b", files: [tiny] })).toThrow(
      expect.objectContaining({ code: "RECIPE_PROFILE_CONFLICT", file: "tiny.yaml" }),
    );
    expect(() => resolveRecipe({ profile: "moonlight-16b" })).toThrow(
      expect.objectContaining({ hint: 'Did you mean "moonlight-16b-a3b"?' }),
    );
  });

  it("puts the paths of a cluster profile under the root", () => {
    const paths = (root: string): string =>
      resolveRecipe({ profile: "moonlight-16b-a3b", root }).recipe.data.promptData;
    expect(paths("/data/")).toBe("/data/dapo-math-17k/dapo-math-17k.jsonl");
    expect(paths("/")).toBe("/dapo-math-17k/dapo-math-17k.jsonl");
    expect(() => resolveRecipe({ profile: "tiny", root: "/data" })).toThrow(
      expect.objectContaining({ code: "RECIPE_ROOT_UNUSED" }),
    );
  });
});

describe("flatten", () => {
  it("is undone by unflatten", () => {
    const recipe = PROFILES.tiny.recipe("");
    expect(unflatten(flatten(recipe))).toEqual(recipe);
  });
});

describe("diffRecipes", () => {
  it("names the fields that differ, with both values", () => {
    const before = resolveRecipe({ profile: "tiny" }).recipe;
    const set = ["optimizer.lr=1e-3", "sglang.cudaGraphBs=1"];
    const after = resolveRecipe({ profile: "tiny", set }).recipe;
    expect(diffRecipes(before, before)).toEqual([]);
    expect(diffRecipes(before, after)).toEqual([
      { path: "optimizer.lr", before: before.optimizer.lr, after: 1e-3 },
      { path: "sglang.cudaGraphBs", before: [], after: [1] },
    ]);
  });
});
