import { readFileSync } from "node:fs";
import { MOONLIGHT_16B_A3B } from "@moonlight-rl/model";
import { resolveRecipe } from "@moonlight-rl/recipe";
import { describe, expect, it } from "vitest";
import { validateArgv } from "../argv/validate-argv.ts";
import { launchPlan } from "../launch/launch-plan.ts";
import { renderArgv } from "../render-argv.ts";
import { judgeNode, type NodeCheck } from "./judge-node.ts";
import { nodeNeeds, questionsOf, type NodeNeeds } from "./needs.ts";
import { nodeFactsSchema, type NodeFacts } from "./node-facts.ts";

const GIB = 2 ** 30;
/** What the probe printed on a machine with one H200 (driver 580.159.04). */
const [h200] = (
  JSON.parse(
    readFileSync(new URL("../../golden/probe-h200.json", import.meta.url), "utf8"),
  ) as unknown[]
).map((node) => nodeFactsSchema.parse(node)) as [NodeFacts];

function needsOf(...set: string[]): NodeNeeds {
  const gpuType = "cluster.gpuType=h200-141";
  const { recipe } = resolveRecipe({
    profile: "moonlight-16b-a3b",
    root: "/root",
    set: [gpuType, ...set],
  });
  const argv = renderArgv(recipe, MOONLIGHT_16B_A3B);
  return nodeNeeds(launchPlan(recipe, argv, validateArgv(argv)), MOONLIGHT_16B_A3B);
}

/** A node of eight such GPUs with everything that the recipe needs. */
function ready(needs: NodeNeeds): NodeFacts {
  const [gpu] = h200.gpus;
  if (gpu === undefined) throw new Error("the golden file has a GPU");
  const place = (path: string) => ({
    path,
    exists: true,
    writable: true,
    free: 40e12,
    total: 50e12,
  });
  return {
    ...h200,
    cpus: 128,
    memory: { total: 2048 * GIB, available: 2000 * GIB, limit: null },
    limits: { openFiles: 1_048_576, processes: null, lockedMemory: null },
    gpus: Array.from({ length: 8 }, (_, index) => ({ ...gpu, index })),
    gpusWithNvlink: 8,
    paths: [...needs.paths.map(({ path }) => path), needs.save ?? ""].map(place),
    modules: needs.modules.map(({ name }) => ({
      name,
      found: true,
      version: "1.0",
      location: `/x/${name}`,
      commit: null,
    })),
  };
}

function judged(
  change: (facts: NodeFacts) => Partial<NodeFacts>,
  existingCluster = false,
): NodeCheck[] {
  const needs = needsOf();
  const facts = ready(needs);
  return judgeNode({ ...facts, ...change(facts) }, needs, { existingCluster });
}

describe("judgeNode", () => {
  it("has nothing against a node that has all", () => {
    const checks = judged(() => ({}));
    expect(checks.filter(({ status }) => status !== "ok")).toEqual([]);
    expect(checks.map(({ id }) => id)).toEqual(
      expect.arrayContaining([
        "gpu-count",
        "gpu-memory",
        "gpu-nvlink",
        "host-memory",
        "disk-save",
        "module:miles",
        "port:6379",
      ]),
    );
    expect(checks.find(({ id }) => id === "gpu-count")?.seen).toBe(
      "8 × NVIDIA H200, driver 580.159.04",
    );
  });

  it("says of the machine of the golden file what it lacks", () => {
    const faults = judgeNode(h200, needsOf(), { existingCluster: false }).filter(
      ({ status }) => status === "error",
    );
    expect(faults.map(({ id }) => id)).toEqual(
      expect.arrayContaining([
        "gpu-count",
        "host-memory",
        "path:model.hfCheckpoint",
        "module:sglang",
      ]),
    );
    for (const { fix } of faults) expect(fix).toMatch(/\.$/);
  });

  const CASES: [string, string, (facts: NodeFacts) => Partial<NodeFacts>][] = [
    [
      "gpu-memory",
      "error",
      (f) => ({ gpus: f.gpus.map((gpu) => ({ ...gpu, memoryMib: 81_559 })) }),
    ],
    [
      "gpu-architecture",
      "error",
      (f) => ({ gpus: f.gpus.map((gpu) => ({ ...gpu, computeCapability: "7.5" })) }),
    ],
    [
      "gpu-architecture",
      "error",
      (f) => ({ gpus: f.gpus.map((gpu) => ({ ...gpu, computeCapability: "[N/A]" })) }),
    ],
    [
      "gpu-busy",
      "error",
      (f) => ({
        gpus: f.gpus.map((gpu, i) => (i === 0 ? { ...gpu, usedMib: 40_000 } : gpu)),
        gpuProcesses: [{ pid: 77, name: "python", usedMib: 39_000 }],
      }),
    ],
    ["gpu-nvlink", "warning", () => ({ gpusWithNvlink: 0 })],
    ["host-memory", "error", (f) => ({ memory: { ...f.memory, limit: 100 * GIB } })],
    ["shared-memory", "error", (f) => ({ sharedMemory: { ...f.sharedMemory, free: 64e6 } })],
    ["shared-memory", "warning", (f) => ({ sharedMemory: { ...f.sharedMemory, free: 8 * GIB } })],
    [
      "path:data.promptData",
      "error",
      (f) => ({ paths: f.paths.filter(({ path }) => !path.includes("dapo")) }),
    ],
    [
      "disk-save",
      "error",
      (f) => ({ paths: f.paths.map((place) => ({ ...place, writable: false })) }),
    ],
    [
      "disk-save",
      "warning",
      (f) => ({ paths: f.paths.map((place) => ({ ...place, free: 1e12 })) }),
    ],
    [
      "module:deep_ep",
      "error",
      (f) => ({ modules: f.modules.filter(({ name }) => name !== "deep_ep") }),
    ],
    [
      "module:miles",
      "warning",
      (f) => ({ modules: f.modules.map((module) => ({ ...module, commit: "f".repeat(40) })) }),
    ],
    ["cpu-count", "error", () => ({ cpus: 4 })],
    ["cpu-count", "error", () => ({ ray: { CPU: 4, GPU: 8 } })],
    ["limit-open-files", "warning", (f) => ({ limits: { ...f.limits, openFiles: 1024 } })],
    ["port:8265", "error", () => ({ ports: [{ port: 8265, taken: true }] })],
    ["processes", "warning", () => ({ processes: [{ pid: 9, user: 0, command: "raylet --x" }] })],
  ];
  it.each(CASES)("%s is a matter of %s", (id, status, change) => {
    const found = judged(change).find((check) => check.id === id);
    expect(found).toMatchObject({ status, fix: expect.stringMatching(/\S/) as string });
  });

  it("names who holds a GPU", () => {
    const busy = judged((f) => ({
      gpus: f.gpus.slice(0, 1).map((gpu) => ({ ...gpu, usedMib: 40_000 })),
      gpuProcesses: [{ pid: 77, name: "python", usedMib: 39_000 }],
    }));
    expect(busy.map(({ seen }) => seen).join()).toContain("1 × NVIDIA H200");
    const owner = judged((f) => ({
      gpus: f.gpus.map((gpu) => ({ ...gpu, usedMib: 40_000 })),
      gpuProcesses: [{ pid: 77, name: "python", usedMib: 39_000 }],
    })).find(({ id }) => id === "gpu-busy");
    expect(owner?.seen).toMatch(/GPU 0: 41.9 GB used, .* by 77 python$/);
  });

  it("takes ports and processes of a cluster that is used for what they are", () => {
    const taken = () => ({
      ports: [{ port: 6379, taken: true }],
      processes: [{ pid: 9, user: 0, command: "raylet" }],
    });
    expect(judged(taken, true).filter(({ status }) => status !== "ok")).toEqual([]);
  });
});

describe("nodeNeeds", () => {
  it("follows the recipe", () => {
    expect(needsOf("cluster.actorNumNodes=2")).toMatchObject({ nodes: 2, gpusPerNode: 8 });
    const names = (needs: NodeNeeds): string[] => needs.modules.map(({ name }) => name);
    expect(names(needsOf())).toContain("deep_ep");
    expect(names(needsOf("tracking.useWandb=true", "tracking.wandbGroup=g"))).toContain("wandb");
    const needs = needsOf();
    const { recipe } = resolveRecipe({ profile: "moonlight-16b-a3b", root: "/root" });
    expect(questionsOf(needs, recipe)).toMatchObject({
      ports: [6379, 8265],
      importFrom: ["/root/Megatron-LM/", "/root/miles"],
    });
    expect(needs.paths.map(({ path }) => path)).toContain("/root/miles/train.py");
  });
});
