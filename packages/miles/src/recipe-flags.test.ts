import { MOONLIGHT_16B_A3B } from "@moonlight-rl/model";
import { RECIPE_FIELDS, resolveRecipe } from "@moonlight-rl/recipe";
import { describe, expect, it } from "vitest";
import { defaultOf } from "./argv/flag-spec.ts";
import { flagTable } from "./argv/flag-table.ts";
import { validateArgv } from "./argv/validate-argv.ts";
import { renderArgv } from "./render-argv.ts";

const { bySpelling } = flagTable("full");

/** Fields with one flag of their own, each with the reference's entry for it. */
const FLAGGED = RECIPE_FIELDS.flatMap((field) =>
  [field.facts.flag, field.facts.negative]
    .filter((flag) => flag !== undefined && !flag.includes(","))
    .map((flag = "") => ({ field, flag, entry: bySpelling.get(flag) })),
);

describe("the facts of the recipe's fields", () => {
  it("name flags that the reference has", () => {
    expect(FLAGGED.filter(({ entry }) => entry === undefined).map(({ flag }) => flag)).toEqual([]);
    expect(FLAGGED.length).toBeGreaterThan(200);
  });

  it.each(FLAGGED)("know what the reference takes without $flag", ({ field, entry }) => {
    const { usual } = field.facts;
    if (usual === undefined || entry === undefined) return;
    const spec = defaultOf(entry.spec);
    // An empty list and a switch that is off say nothing, which may be None there; one choice stands for a list of one.
    const silent = usual === false || (Array.isArray(usual) && usual.length === 0);
    const expected = [usual, [usual], ...(silent ? [null] : [])];
    expect(expected).toContainEqual(spec);
  });

  it("offer no choice that the reference refuses", () => {
    for (const { field, entry } of FLAGGED) {
      const choices = entry?.spec.choices;
      if (choices === undefined || choices === null || !/^[\w+-]+( \| [\w+-]+)+$/.test(field.type))
        continue;
      if (field.type.startsWith("text")) continue;
      const offered = field.type.split(" | ").filter((choice) => choice !== "null");
      expect(
        offered.filter((choice) => !choices.includes(choice)),
        field.path,
      ).toEqual([]);
    }
  });
});

describe("recipes that use the reference's options", () => {
  const verdict = (...set: string[]) => {
    const { recipe } = resolveRecipe({ profile: "moonlight-16b-a3b", set });
    const { outcome, rejection } = validateArgv(renderArgv(recipe, MOONLIGHT_16B_A3B), {
      hfConfig: { ...MOONLIGHT_16B_A3B },
    });
    return { outcome, rejection: rejection?.message };
  };

  it.each([
    [["algorithm.advantageEstimator=gspo", "algorithm.epsClipC=3", "algorithm.useTis=true"]],
    [
      [
        "algorithm.advantageEstimator=reinforce_plus_plus_baseline",
        "algorithm.normalizeAdvantages=true",
      ],
    ],
    [["algorithm.grpoStdNormalization=false", "algorithm.calculatePerTokenLoss=true"]],
    [["algorithm.routingReplay=rollout"]],
    [["precision.mode=int4-qat", "precision.rolloutCheckpoint=/q"]],
    [["precision.mode=fp8-blockwise", "precision.rolloutCheckpoint=/q"]],
    [
      [
        "optimizer.name=muon",
        "optimizer.cpuOffload=false",
        "optimizer.overlapCpuOptimizerD2hH2d=false",
        "optimizer.usePrecisionAwareOptimizer=false",
      ],
    ],
    [["optimizer.lrDecayStyle=cosine", "optimizer.lrWarmupIters=100", "optimizer.minLr=1e-7"]],
    [["optimizer.lrDecayStyle=WSD", "optimizer.lrWsdDecayIters=1000"]],
    [["optimizer.expAvgDtype=bf16", "optimizer.offloadFraction=0.5"]],
    [
      [
        "parallelism.pipelineModelParallelSize=2",
        "parallelism.expertModelParallelSize=4",
        "parallelism.decoderFirstPipelineNumLayers=13",
      ],
    ],
    [
      [
        "parallelism.pipelineModelParallelSize=3",
        "parallelism.numLayersPerVirtualPipelineStage=3",
        "parallelism.tensorModelParallelSize=2",
        "parallelism.expertModelParallelSize=2",
        "cluster.actorNumNodes=3",
        "rollout.rolloutBatchSize=144",
      ],
    ],
    [["rollout.partialRollout=true", "rollout.maskOffpolicyInPartialRollout=true"]],
    [["checkpoint.asyncSave=true", "checkpoint.usePersistentCkptWorker=true"]],
    [["checkpoint.saveRetainInterval=200", "checkpoint.noSaveOptim=true"]],
    [["faultTolerance.enabled=true", "faultTolerance.healthCheckFirstWait=300"]],
    [["tracking.useWandb=true", "tracking.wandbGroup=g", "tracking.useMlflow=true"]],
    [["sglang.enableDpAttention=true", "sglang.dpSize=8"]],
    [["debug.rolloutOnly=true", "debug.saveRolloutData=/d/{rollout_id}.pt"]],
    [["debug.loadRolloutData=/d/{rollout_id}.pt"]],
    [["runtime.trainEnv={A: b}", "data.applyChatTemplateKwargs={enable_thinking: false}"]],
    [["eval.datasets=[{name: a, path: /x, temperature: 0}]"]],
  ])("are accepted by the reference's validators: %j", (set) => {
    expect(verdict(...set)).toEqual({ outcome: "accept" });
  });
});
