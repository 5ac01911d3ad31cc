import { readFileSync } from "node:fs";
import { parseHfConfig } from "@moonlight-rl/model";
import { RECIPE_FIELDS, resolveRecipe } from "@moonlight-rl/recipe";
import { describe, expect, it } from "vitest";
import { duplicateFlags } from "./duplicate-flags.ts";
import { CLUSTER_FLAGS, RECIPE_FLAGS, UNRENDERED_FIELDS } from "./recipe-flags.ts";
import { renderArgv } from "./render-argv.ts";

const golden = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../golden/${name}`, import.meta.url), "utf8"));
const config = parseHfConfig(golden("recipe-hf-config.json"));

const PATHS: Readonly<Record<string, string>> = {
  "{hf}": "/root/Moonlight-16B-A3B",
  "{ref}": "/root/Moonlight-16B-A3B_torch_dist",
  "{save}": "/root/Moonlight-16B-A3B_miles/",
  "{data}/dapo-math-17k.jsonl": "/root/dapo-math-17k/dapo-math-17k.jsonl",
  "{data}/aime-2024.jsonl": "/root/aime-2024/aime-2024.jsonl",
};
const reference = (golden("recipe-base-argv.json") as { argv: string[] }).argv.map(
  (arg) => PATHS[arg] ?? arg,
);

function render(...set: string[]): string[] {
  return renderArgv(resolveRecipe({ profile: "moonlight-16b-a3b", set }).recipe, config);
}

/** What the change adds to and takes from the reference's argv. */
function changes(...set: string[]): { added: string; removed: string } {
  const now = render(...set);
  const count = (list: readonly string[], arg: string): number =>
    list.filter((other) => other === arg).length;
  const only = (left: readonly string[], right: readonly string[]): string =>
    left.filter((arg) => count(left, arg) > count(right, arg)).join(" ");
  return { added: only(now, reference), removed: only(reference, now) };
}

describe("renderArgv", () => {
  it("is the reference launcher's expansion, argument for argument", () => {
    expect(render()).toEqual(reference);
  });

  it("moves every path with the root", () => {
    const { recipe } = resolveRecipe({ profile: "moonlight-16b-a3b", root: "/data/" });
    expect(renderArgv(recipe, config)).toEqual(
      reference.map((arg) => arg.replace(/^\/root\//, "/data/")),
    );
  });

  it("keeps the reference's own duplicates, the last of which counts", () => {
    expect(duplicateFlags(render())).toEqual([
      { flag: "--attention-softmax-in-fp32", values: [[], []] },
      { flag: "--moe-token-dispatcher-type", values: [["alltoall"], ["flex"]] },
    ]);
  });

  it.each([
    [["optimizer.lr=2e-6"], "2e-6", "1e-6"],
    [["rollout.numRollout=20"], "20 20 20", "3000"],
    [["rollout.topP=0.9"], "--rollout-top-p 0.9", ""],
    [["rollout.topK=40"], "--rollout-top-k", ""],
    [["rollout.shuffle=false"], "", "--rollout-shuffle"],
    [["algorithm.klLossCoef=0.001"], "0.001", "0.00 0.00"],
    [["algorithm.grpoStdNormalization=false"], "--disable-grpo-std-normalization", ""],
    [["rollout.temperature=0.8", "eval.temperature=0.6"], "0.8 --eval-temperature 0.6", ""],
    [["checkpoint.load=null"], "", "--load"],
    [["cluster.colocate=false", "cluster.rolloutNumGpus=4"], "--rollout-num-gpus", "--colocate"],
    [
      ["performance.accumulateAllreduceGradsInFp32=false"],
      "--grad-reduce-in-bf16",
      "--accumulate-allreduce-grads-in-fp32",
    ],
    [["eval.datasets=[{name: a, path: /x}, {name: b, path: /y}]"], "a /x b /y", "aime"],
    [["performance.hiddenDropout=0.25"], "0.25", "0.0 0.0"],
    [["rollout.dynamicSamplingFilter=null"], "", "--dynamic-sampling-filter-path"],
    [["seed=7"], "--seed 7", ""],
  ])("%j changes the argv", (set, added, removed) => {
    const change = changes(...set);
    for (const arg of added.split(" ")) expect(change.added.split(" ")).toContain(arg);
    for (const arg of removed.split(" ")) expect(change.removed).toContain(arg);
    expect(change.added === "" && change.removed === "").toBe(false);
  });

  it("leaves no field of the recipe without a word for it", () => {
    const said = new Set([...CLUSTER_FLAGS, ...RECIPE_FLAGS].flatMap((flag) => flag.fields));
    const missing = RECIPE_FIELDS.map(({ path }) => path).filter(
      (path) => !said.has(path) && !UNRENDERED_FIELDS.includes(path),
    );
    expect(missing).toEqual([]);
  });

  it.each([
    [["performance.attentionSoftmaxInFp32=false"], "performance.attentionSoftmaxInFp32"],
    [["checkpoint.save=--colocate"], "checkpoint.save"],
    [["optimizer.lr=-1e-7"], "optimizer.lr"],
    [["eval.datasets=[{name: -a, path: /x}]"], "eval.datasets"],
  ])("refuses %j, naming the field", (set, field) => {
    expect(() => render(...set)).toThrow(
      expect.objectContaining({ code: "MILES_CANNOT_EXPRESS", field, exitCode: 2 }),
    );
  });

  it("takes plain negative numbers as argparse does", () => {
    expect(render("rollout.seed=-5")).toContain("-5");
  });
});
