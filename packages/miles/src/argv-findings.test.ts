import { MOONLIGHT_16B_A3B } from "@moonlight-rl/model";
import { checkRecipe, RECIPE_FIELDS, resolveRecipe, type Recipe } from "@moonlight-rl/recipe";
import { describe, expect, it } from "vitest";
import { argvFindings } from "./argv-findings.ts";
import { validateArgv, type Verdict } from "./argv/validate-argv.ts";
import { renderArgv } from "./render-argv.ts";

const hfConfig = { ...MOONLIGHT_16B_A3B };

function resolve(...set: string[]): Recipe {
  return resolveRecipe({ profile: "moonlight-16b-a3b", root: "/root", set }).recipe;
}

function judge(recipe: Recipe, config: Record<string, unknown> = hfConfig): Verdict {
  return validateArgv(renderArgv(recipe, MOONLIGHT_16B_A3B), { hfConfig: config });
}

describe("argvFindings", () => {
  it("notes of the reference's own recipe only what it consumes", () => {
    const recipe = resolve();
    expect(judge(recipe).outcome).toBe("accept");
    expect(argvFindings(judge(recipe), recipe)).toEqual([
      expect.objectContaining({
        rule: "miles-rollout-prompts",
        severity: "note",
        field: "rollout.overSamplingBatchSize",
      }),
    ]);
  });

  it("tells a refusal as an error about the recipe's field, with the reference's line", () => {
    const recipe = resolve("parallelism.tensorModelParallelSize=3");
    expect(argvFindings(judge(recipe), recipe)).toEqual([
      expect.objectContaining({
        rule: "miles-parallel-world",
        severity: "error",
        field: "parallelism.tensorModelParallelSize",
        reference: "Refused at megatron/training/arguments.py:317 (stage megatron).",
        beyondReference: false,
      }),
    ]);
  });

  it("names the field of a flag that is left out, and the model for flags about its shape", () => {
    const without = resolve("checkpoint.refLoad=null");
    expect(argvFindings(judge(without), without)[0]?.field).toBe("checkpoint.refLoad");
    const other = argvFindings(judge(resolve(), { ...hfConfig, hidden_size: 4096 }), resolve());
    expect(other[0]).toMatchObject({ rule: "miles-hf-mismatch", field: "model" });
  });

  it.each([
    ["sglang.dpSize=2", "miles-engines-data-parallel", "sglang.enableDpAttention"],
    ["optimizer.lrWarmupFraction=1", "miles-schedule-warmup-length", "optimizer.lrWarmupIters"],
    [
      "checkpoint.saveRetainInterval=7",
      "miles-save-retain-multiple",
      "checkpoint.saveRetainInterval",
    ],
    ["runtime.extraArgs=--nosuch-flag", "miles-argv-usage", "runtime.extraArgs"],
  ])("covers what no rule of the recipe does: %s", (set, rule, field) => {
    const recipe = resolve(set);
    expect(argvFindings(judge(recipe), recipe)[0]).toMatchObject({
      rule,
      field,
      severity: "error",
    });
  });

  it("notes values of the argv that miles replaces", () => {
    const recipe = resolve("parallelism.tensorModelParallelSize=1");
    expect(argvFindings(judge(recipe), recipe)).toContainEqual(
      expect.objectContaining({
        rule: "miles-sequence-parallel-off",
        severity: "note",
        field: "parallelism.sequenceParallel",
      }),
    );
  });
});

describe("the recipe's own rules", () => {
  const values = ["-1", "0", "1", "2", "8", "256", "0.5", "null", "true", "false", "full"];
  const changed = RECIPE_FIELDS.flatMap(({ path }) => values.map((value) => `${path}=${value}`));

  it("never contradict miles' validators, whose refusals are all told about a field", () => {
    const refusal = expect.objectContaining({ severity: "error", field: expect.any(String) });
    let judged = 0;
    for (const set of changed) {
      const recipe = attempt(() => resolve(set));
      const verdict = recipe && attempt(() => judge(recipe));
      if (recipe === undefined || verdict === undefined) continue;
      judged += 1;
      const errors = checkRecipe(recipe, MOONLIGHT_16B_A3B, "miles").filter(
        ({ severity }) => severity === "error",
      );
      const same = errors.filter(({ beyondReference }) => !beyondReference);
      if (verdict.outcome === "accept") expect(same, set).toEqual([]);
      else expect(argvFindings(verdict, recipe), set).toContainEqual(refusal);
    }
    expect(judged).toBeGreaterThan(200);
  });
});

/** Values that a field cannot have, or that miles cannot be told, are judged elsewhere. */
function attempt<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}
