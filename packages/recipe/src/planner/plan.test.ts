import { countParameters, MOONLIGHT_16B_A3B } from "@moonlight-rl/model";
import { describe, expect, it } from "vitest";
import { resolveRecipe } from "../resolve.ts";
import { formatPlan } from "./format-plan.ts";
import { layoutOf } from "./layout.ts";
import { planFindings } from "./plan-rules.ts";
import { planRecipe, type Plan } from "./plan.ts";
import { shardParameters } from "./sharding.ts";

const recipeWith = (...set: string[]) =>
  resolveRecipe({ profile: "moonlight-16b-a3b", set }).recipe;
const plan = (...set: string[]): Plan => planRecipe(recipeWith(...set), MOONLIGHT_16B_A3B);

/** Bytes of the named line in a phase. */
function bytesOf({ phases }: Plan, phase: string, what: string): number {
  const lines = phases.find((candidate) => candidate.phase === phase)?.lines ?? [];
  return lines.filter((line) => line.what.startsWith(what)).reduce((sum, l) => sum + l.bytes, 0);
}

function peak({ phases }: Plan, phase: string): number {
  return phases.find((candidate) => candidate.phase === phase)?.bytes ?? 0;
}

const NO_SPLIT = [
  "parallelism.tensorModelParallelSize=1",
  "parallelism.expertModelParallelSize=1",
  "parallelism.sequenceParallel=false",
];

describe("shardParameters", () => {
  it("gives one unsplit rank the whole model", () => {
    const recipe = recipeWith(...NO_SPLIT);
    const [stage] = shardParameters(MOONLIGHT_16B_A3B, layoutOf(recipe, MOONLIGHT_16B_A3B));
    expect((stage?.dense ?? 0) + (stage?.expert ?? 0)).toBe(
      countParameters(MOONLIGHT_16B_A3B).total,
    );
  });

  it.each([3, 9, 27])("gives %i pipeline stages together the whole model", (stages) => {
    const recipe = recipeWith(...NO_SPLIT, `parallelism.pipelineModelParallelSize=${stages}`);
    const shards = shardParameters(MOONLIGHT_16B_A3B, layoutOf(recipe, MOONLIGHT_16B_A3B));
    expect(shards).toHaveLength(stages);
    expect(shards.reduce((sum, { dense, expert }) => sum + dense + expert, 0)).toBe(
      countParameters(MOONLIGHT_16B_A3B).total,
    );
  });

  it("follows an uneven split", () => {
    const recipe = recipeWith(
      "parallelism.pipelineModelParallelSize=2",
      "parallelism.decoderFirstPipelineNumLayers=13",
    );
    expect(layoutOf(recipe, MOONLIGHT_16B_A3B).layers).toEqual([13, 14]);
  });
});

describe("planRecipe", () => {
  it("anchors the reference's recipe in figures that can be derived", () => {
    const base = plan();
    // 26 layers × 64 experts × 3 × 2048 × 1408 over 8 ranks.
    const experts = (26 * 64 * 3 * 2048 * 1408) / 8;
    const weights = bytesOf(base, "training", "weights (bf16)");
    expect(weights / 2 - experts).toBeGreaterThan(400e6);
    expect(weights / 2 - experts).toBeLessThan(430e6);
    expect(bytesOf(base, "training", "gradients")).toBe(2 * weights);
    expect(base.kv.bytesPerToken).toBe((512 + 64) * 2 * 27);
    // 8192 tokens × a quarter of the vocabulary: 1.34 GB per float32 copy.
    expect(bytesOf(base, "training", "logits")).toBe((8192 * 163840 * 12) / 4);
    // float32 weights, two moments and gradient of every parameter once: 16 B each.
    const { total } = countParameters(MOONLIGHT_16B_A3B);
    const adam = base.host.lines.find(({ what }) => what === "offloaded optimizer")?.bytes ?? 0;
    expect(adam / (16 * total)).toBeGreaterThan(1);
    expect(adam / (16 * total)).toBeLessThan(1.02);
    expect(base.disk.bytesPerSave).toBe(14 * total);
    expect(base.disk.saves).toBe(150);
    expect(base.verdict).toBe("fits");
  });

  const LADDERS: readonly [string, string, string, readonly (readonly string[])[]][] = [
    [
      "more tensor parallelism",
      "training",
      "weights",
      [1, 2, 4, 8].map((n) => [`parallelism.tensorModelParallelSize=${n}`]),
    ],
    [
      "more expert parallelism",
      "training",
      "weights",
      [1, 2, 4, 8].map((n) => [`parallelism.expertModelParallelSize=${n}`]),
    ],
    [
      "more pipeline stages",
      "training",
      "weights",
      [1, 3, 9].map((n) => [`parallelism.pipelineModelParallelSize=${n}`]),
    ],
    [
      "shorter micro-batches",
      "training",
      "",
      [32768, 16384, 8192].map((n) => [`performance.maxTokensPerGpu=${n}`]),
    ],
    [
      "shorter responses",
      "training",
      "",
      [65536, 16384, 4096].map((n) => [`rollout.maxResponseLen=${n}`]),
    ],
    [
      "more context parallelism",
      "training",
      "",
      [1, 2].map((n) => [
        "performance.useDynamicBatchSize=false",
        "rollout.maxResponseLen=32768",
        `parallelism.contextParallelSize=${n}`,
      ]),
    ],
    [
      "more recomputation",
      "training",
      "",
      [
        [
          "performance.recomputeGranularity=null",
          "performance.recomputeMethod=null",
          "performance.recomputeNumLayers=null",
        ],
        ["performance.recomputeMethod=block", "performance.recomputeNumLayers=13"],
        ["performance.recomputeMethod=block", "performance.recomputeNumLayers=27"],
      ],
    ],
    ["more offloading", "training", "", [0, 0.5, 1].map((n) => [`optimizer.offloadFraction=${n}`])],
    [
      "smaller moments",
      "training",
      "",
      ["fp32", "bf16", "fp8"].map((type) => [
        "optimizer.cpuOffload=false",
        `optimizer.expAvgDtype=${type}`,
      ]),
    ],
    [
      "a smaller static share",
      "rollout",
      "",
      [0.9, 0.7, 0.5].map((n) => [`sglang.memFractionStatic=${n}`]),
    ],
  ];

  it.each(LADDERS)("%s never needs more: %s", (_, phase, what, steps) => {
    const bytes = steps.map((set) => {
      const planned = plan(...set);
      return what === "" ? peak(planned, phase) : bytesOf(planned, phase, what);
    });
    expect(bytes).toEqual([...bytes].sort((a, b) => b - a));
    expect(new Set(bytes).size).toBeGreaterThan(1);
  });

  it("keeps every estimate between its bounds, with a formula and a source", () => {
    const { phases, host, time } = plan();
    for (const line of [...phases.flatMap(({ lines }) => lines), ...host.lines]) {
      expect(line.low).toBeLessThanOrEqual(line.bytes);
      expect(line.high).toBeGreaterThanOrEqual(line.bytes);
      expect(line.formula.length + line.source.length).toBeGreaterThan(15);
    }
    for (const line of time.lines) {
      expect(line.low).toBeLessThanOrEqual(line.seconds);
      expect(line.high).toBeGreaterThanOrEqual(line.seconds);
    }
  });

  it("leaves out the phases of what does not run", () => {
    const names = (...set: string[]) => plan(...set).phases.map(({ phase }) => phase);
    expect(names("debug.rolloutOnly=true")).toEqual(["rollout"]);
    expect(names("debug.trainOnly=true")).toEqual(["scoring", "training", "saving"]);
  });

  it("lets an engine's quantised weights leave more room for the KV cache", () => {
    const tokens = (mode: string) =>
      plan(`precision.mode=${mode}`, "precision.rolloutCheckpoint=/q").kv.tokensPerEngine;
    expect(tokens("fp8-rollout")).toBeGreaterThan(tokens("bf16"));
    expect(tokens("int4-qat")).toBeGreaterThan(tokens("fp8-rollout"));
  });

  it("prints every phase and every figure's origin", () => {
    const text = formatPlan(plan(), 17_398);
    for (const part of ["rollout:", "weight update:", "scoring:", "training:", "saving:"]) {
      expect(text).toContain(part);
    }
    expect(text).toMatch(/8 × H100 80 GB, TP 4 PP 1 CP 1 EP 8 ETP 1: fits/);
    expect(text).not.toMatch(/NaN|undefined|Infinity/);
  });
});

describe("planFindings", () => {
  const rules = (...set: string[]) => planFindings(plan(...set)).map((f) => [f.rule, f.severity]);

  it("has nothing worse than a note against the reference's recipe", () => {
    expect(rules()).toEqual([["plan-disk", "note"]]);
  });

  it.each([
    [["performance.maxTokensPerGpu=131072"], "plan-gpu-memory", "warning"],
    [["performance.maxTokensPerGpu=524288"], "plan-gpu-memory", "error"],
    [["sglang.memFractionStatic=0.04"], "plan-kv-cache", "error"],
    [["cluster.hostMemoryGib=256"], "plan-host-memory", "error"],
    [["cluster.hostMemoryGib=350"], "plan-host-memory", "warning"],
  ])("says of %j: %s", (set, rule, severity) => {
    expect(rules(...set)).toContainEqual([rule, severity]);
  });

  it("is content with a machine that is large enough", () => {
    expect(rules("cluster.hostMemoryGib=1024", "cluster.gpuType=h200-141")).toEqual([
      ["plan-disk", "note"],
    ]);
  });
});
