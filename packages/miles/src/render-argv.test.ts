import { readFileSync } from "node:fs";
import { parseHfConfig } from "@moonlight-rl/model";
import { RECIPE_FIELDS, resolveRecipe } from "@moonlight-rl/recipe";
import { describe, expect, it } from "vitest";
import { duplicateFlags } from "./duplicate-flags.ts";
import { CLUSTER_FLAGS, RECIPE_FLAGS } from "./recipe-flags.ts";
import { UNRENDERED_FIELDS } from "./unrendered-fields.ts";
import { renderArgv } from "./render-argv.ts";
import { runtimeEnv } from "./runtime-env.ts";

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
    [["algorithm.epsClipC=3"], "--eps-clip-c 3", ""],
    [["algorithm.useTis=true", "algorithm.tisClip=3"], "--use-tis --tis-clip 3", ""],
    [["algorithm.advantageEstimator=gspo"], "gspo", "grpo"],
    [["algorithm.rewardsNormalization=false"], "--disable-rewards-normalization", ""],
    [["algorithm.routingReplay=rollout"], "--use-rollout-routing-replay", ""],
    [["algorithm.routingReplay=training"], "--use-routing-replay", ""],
    [["optimizer.name=muon", "optimizer.muonNumNsSteps=6"], "muon --muon-num-ns-steps 6", "adam"],
    [["optimizer.expAvgDtype=bf16"], "--exp-avg-dtype bf16", ""],
    [["optimizer.lrWarmupFraction=0.01"], "--lr-warmup-fraction 0.01", ""],
    [["rollout.stop=[a b, c]"], "--rollout-stop", ""],
    [["cluster.offloadTrain=false"], "--no-offload-train", ""],
    [["checkpoint.asyncSave=true"], "--async-save", ""],
    [["faultTolerance.enabled=true", "faultTolerance.components=rollout"], "--ft-components", ""],
    [["tracking.useWandb=true", "tracking.wandbGroup=g"], "--use-wandb --wandb-group g", ""],
    [["tracking.wandbRandomSuffix=false"], "--disable-wandb-random-suffix", ""],
    [["debug.rolloutOnly=true"], "--debug-rollout-only", ""],
    [["runtime.trainEnv={A: b}"], '--train-env-vars {"A":"b"}', ""],
    [["data.applyChatTemplateKwargs={enable_thinking: false}"], '{"enable_thinking":false}', ""],
    [["runtime.extraArgs=--lora-rank,8"], "--lora-rank", ""],
    [["sglang.enableDpAttention=true", "sglang.dpSize=8"], "--sglang-enable-dp-attention", ""],
    [
      ["precision.mode=fp8-blockwise", "precision.rolloutCheckpoint=/q"],
      "/q --fp8-format e4m3 --fp8-recipe blockwise --bf16 --transformer-impl transformer_engine",
      "/root/Moonlight-16B-A3B",
    ],
    [
      ["precision.mode=int4-qat", "precision.rolloutCheckpoint=/q"],
      "/q",
      "/root/Moonlight-16B-A3B",
    ],
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
    [["precision.mode=fp8-rollout"], "precision.rolloutCheckpoint"],
    [["precision.rolloutCheckpoint=/q"], "precision.rolloutCheckpoint"],
    [["eval.datasets=[{name: a, path: '/${x}', topK: 3}]"], "eval.datasets"],
    [["eval.datasets=[{name: -a, path: /x}]"], "eval.datasets"],
  ])("refuses %j, naming the field", (set, field) => {
    expect(() => render(...set)).toThrow(
      expect.objectContaining({ code: "MILES_CANNOT_EXPRESS", field, exitCode: 2 }),
    );
  });

  it("hands evaluation sets with settings of their own over inline", () => {
    const argv = render("eval.datasets=[{name: a, path: /x}, {name: b, path: /y, temperature: 0}]");
    expect(argv).not.toContain("--eval-prompt-data");
    const [, encoded = ""] = (argv[argv.indexOf("--eval-config") + 1] ?? "").split("base64:");
    expect(JSON.parse(Buffer.from(encoded, "base64").toString())).toEqual({
      eval: {
        datasets: [
          { name: "a", path: "/x" },
          { name: "b", path: "/y", temperature: 0 },
        ],
      },
    });
  });

  it("takes plain negative numbers as argparse does", () => {
    expect(render("rollout.seed=-5")).toContain("-5");
  });
});

describe("runtimeEnv", () => {
  const env = (nvls: boolean, ...set: string[]): Record<string, string> =>
    runtimeEnv(resolveRecipe({ profile: "moonlight-16b-a3b", set }).recipe, nvls);

  it("is what the reference's launcher gives the job", () => {
    const expected = {
      PYTHONPATH: "/root/Megatron-LM/",
      CUDA_DEVICE_MAX_CONNECTIONS: "1",
      NCCL_NVLS_ENABLE: "1",
    };
    expect(env(true)).toEqual(expected);
    expect(env(true, "runtime.nvls=off")).toEqual({ ...expected, NCCL_NVLS_ENABLE: "0" });
    expect(env(false, "runtime.nvls=on", "runtime.env={A: b}")).toEqual({ ...expected, A: "b" });
  });

  it("has the variables of INT4 training exactly in that mode", () => {
    const set = ["precision.mode=int4-qat", "precision.int4GroupSize=32"];
    expect(env(true, ...set)).toMatchObject({
      OPEN_TRAINING_INT4_FAKE_QAT_FLAG: "1",
      OPEN_TRAINING_INT4_GROUP_SIZE: "32",
    });
    expect(Object.keys(env(true)).join()).not.toContain("INT4");
  });
});
