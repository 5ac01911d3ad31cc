import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MOONLIGHT_16B_A3B } from "@moonlight-rl/model";
import { checkStageContract, withStage } from "@moonlight-rl/pipeline/testing";
import { parseRecipe } from "@moonlight-rl/recipe";
import { describe, expect, it } from "vitest";
import { rolloutConfig } from "./stage.ts";

const moonlight = { profile: "moonlight-16b-a3b", root: "/root" } as const;

/** The reference launcher's arguments with the paths of root /root. */
async function referenceArgv(): Promise<string[]> {
  const golden = new URL("../../miles/golden/recipe-base-argv.json", import.meta.url);
  const { argv } = JSON.parse(await readFile(golden, "utf8")) as { argv: string[] };
  const paths = new Map([
    ["{hf}", "/root/Moonlight-16B-A3B"],
    ["{ref}", "/root/Moonlight-16B-A3B_torch_dist"],
    ["{save}", "/root/Moonlight-16B-A3B_miles/"],
    ["{data}/dapo-math-17k.jsonl", "/root/dapo-math-17k/dapo-math-17k.jsonl"],
    ["{data}/aime-2024.jsonl", "/root/aime-2024/aime-2024.jsonl"],
  ]);
  return argv.map((arg) => paths.get(arg) ?? arg);
}

describe("rollout-config", () => {
  it("publishes the recipe with the source of every value", async () => {
    await withStage(rolloutConfig, async (kit) => {
      const { recipe, ...rest } = await kit.run({
        profile: "tiny",
        set: ["rollout.numRollout=20"],
      });
      expect(rest).toEqual({ profile: "tiny", backend: "embedded", warnings: 0, notes: 0 });
      expect(recipe.meta).toEqual({ profile: "tiny", backend: "embedded" });
      const read = async (name: string): Promise<Record<string, unknown>> =>
        JSON.parse(await readFile(join(recipe.path, name), "utf8")) as Record<string, unknown>;
      expect(parseRecipe(await read("recipe.json")).rollout.numRollout).toBe(20);
      expect(await read("sources.json")).toMatchObject({
        "rollout.numRollout": "--set rollout.numRollout=20",
        "optimizer.lr": "profile tiny",
      });
      expect(await read("findings.json")).toEqual([]);
      await expect(readFile(join(recipe.path, "argv.txt"))).rejects.toThrow("ENOENT");
    });
  });

  it("renders the argv for miles, in the artifact and for the command line", async () => {
    await withStage(rolloutConfig, async (kit) => {
      const output = await kit.run({ ...moonlight, render: "argv" });
      const text = await readFile(join(output.recipe.path, "argv.txt"), "utf8");
      expect(output.argv).toEqual(await referenceArgv());
      expect(rolloutConfig.present(output)).toBe(text.trimEnd());
      expect(rolloutConfig.present(await kit.run(moonlight))).toBeUndefined();
      const notes = kit.events.filter(({ type }) => type === "log").map((e) => JSON.stringify(e));
      expect(notes.join()).toContain("--moe-token-dispatcher-type");
    });
  });

  it.each([
    ["script", "launch.sh", "[]"],
    ["ray-job", "ray-job.json", "LAUNCH_NVLS"],
    ["slurm", "job.sbatch", "[]"],
    ["kuberay", "rayjob.yaml", "LAUNCH_NVLS"],
  ] as const)("renders what starts the job: %s", async (render, name, warning) => {
    await withStage(rolloutConfig, async (kit) => {
      const output = await kit.run({ ...moonlight, render, set: ["launch.image=a/b"] });
      const text = await readFile(join(output.recipe.path, name), "utf8");
      expect(rolloutConfig.present(output)).toBe(text.trimEnd());
      expect(text).toContain("/root/miles/train.py");
      const warnings = kit.events.filter(({ type }) => type === "warning");
      expect(JSON.stringify(warnings)).toContain(warning);
    });
  });

  it("plans memory, disk and time, and simulates the rollouts", async () => {
    await withStage(rolloutConfig, async (kit) => {
      const planned = await kit.run({ ...moonlight, render: "plan", promptCount: 17_398 });
      expect(rolloutConfig.present(planned)).toMatch(
        /^8 × H100 80 GB.*fits\n[^]*rollouts per epoch/,
      );
      expect(planned.figures).toMatchObject({ verdict: "fits", kv: { bytesPerToken: 31_104 } });
      const difficulty = ["0:3,0.5:1"];
      const rolled = await kit.run({ profile: "tiny", render: "rollout", difficulty });
      expect(rolled.figures?.["acceptRate"]).toBeCloseTo((1 - 2 / 256) / 4, 9);
      await expect(
        kit.run({ ...moonlight, set: ["performance.maxTokensPerGpu=524288"] }),
      ).rejects.toThrow("rule plan-gpu-memory");
    });
  });

  it("keys its result by the content of the files", async () => {
    await withStage(rolloutConfig, async (kit) => {
      const folder = await kit.files({ "a.yaml": "rollout: {numRollout: 10}" });
      const path = join(folder, "a.yaml");
      const run = async (): Promise<string> =>
        (await kit.run({ profile: "tiny", files: [path] })).recipe.digest;
      const first = await run();
      expect(await run()).toBe(first);
      expect(kit.events.map(({ type }) => type)).toContain("stage.reused");
      await writeFile(path, "rollout: {numRollout: 11}");
      expect(await run()).not.toBe(first);
    });
  });

  it("derives the model's flags from the given checkpoint's config.json", async () => {
    await withStage(rolloutConfig, async (kit) => {
      const config = { ...MOONLIGHT_16B_A3B, num_hidden_layers: 3 };
      const model = await kit.artifact("hf-model", { "config.json": JSON.stringify(config) });
      const { argv = [] } = await kit.run({ ...moonlight, model, render: "argv" });
      expect(argv[argv.indexOf("--num-layers") + 1]).toBe("3");
      const set = [
        "parallelism.pipelineModelParallelSize=2",
        "parallelism.expertModelParallelSize=4",
      ];
      await expect(kit.run({ ...moonlight, model, set })).rejects.toThrow("3 layers do not divide");
    });
  });

  it("tells warnings as events and ends with errors, publishing nothing", async () => {
    await withStage(rolloutConfig, async (kit) => {
      const { warnings } = await kit.run({ ...moonlight, set: ["performance.hiddenDropout=0.1"] });
      expect(warnings).toBe(1);
      expect(kit.events).toContainEqual(
        expect.objectContaining({
          type: "warning",
          code: "RECIPE_RULE",
          message: expect.stringMatching(
            /^performance\.hiddenDropout: .*\(rule performance-dropout\)$/,
          ),
        }),
      );
      const set = ["rollout.temperature=0", "rollout.overSamplingBatchSize=1"];
      await expect(kit.run({ profile: "tiny", set })).rejects.toThrow(
        expect.objectContaining({
          code: "RECIPE_RULE",
          exitCode: 2,
          field: "rollout.overSamplingBatchSize",
          message: expect.stringMatching(/rollout-over-sampling\)\n.*rollout-temperature/),
          hint: expect.stringContaining("Use at least 64"),
        }),
      );
    });
  });

  it("ends where miles' own validators would, naming the field", async () => {
    await withStage(rolloutConfig, async (kit) => {
      await expect(
        kit.run({ ...moonlight, set: ["runtime.extraArgs=--nosuch-flag"] }),
      ).rejects.toThrow(
        expect.objectContaining({
          code: "RECIPE_RULE",
          field: "runtime.extraArgs",
          message: expect.stringContaining("miles-argv-usage"),
        }),
      );
    });
  });

  it.each([
    [{ profile: "tiny", render: "argv" }, "RENDER_BACKEND", 2],
    [{ profile: "tiny", render: "plan" }, "RENDER_BACKEND", 2],
    [{ profile: "tiny", render: "slurm" }, "RENDER_BACKEND", 2],
    [{ ...moonlight, render: "kuberay" }, "LAUNCH_IMAGE_MISSING", 2],
    [{ profile: "tiny", render: "rollout", difficulty: ["2:1"] }, "DIFFICULTY_INVALID", 2],
    [{ profile: "tiny", files: ["/nowhere/r.yaml"] }, "FILE_UNREADABLE", 3],
    [{ profile: "tiny", set: ["rollout.numRolout=1"] }, "RECIPE_FIELD_UNKNOWN", 2],
    [{ profile: "tiny", root: "/data" }, "RECIPE_ROOT_UNUSED", 2],
    [{}, "RECIPE_PROFILE_MISSING", 2],
    [
      { profile: "tiny", backend: "miles", set: ["checkpoint.refLoad=/r", "checkpoint.save=/s"] },
      "MODEL_CONFIG_MISSING",
      2,
    ],
  ] as const)("refuses %j with %s", async (input, code, exitCode) => {
    await withStage(rolloutConfig, async (kit) => {
      const lists = {
        ...("files" in input ? { files: [...input.files] } : {}),
        ...("set" in input ? { set: [...input.set] } : {}),
        ...("difficulty" in input ? { difficulty: [...input.difficulty] } : {}),
      };
      await expect(kit.run({ ...input, ...lists } as never)).rejects.toThrow(
        expect.objectContaining({ code, exitCode }),
      );
    });
  });

  it("plans without writing, and refuses what it can see is wrong", async () => {
    await withStage(rolloutConfig, async (kit) => {
      const plan = await kit.plan({ profile: "tiny" });
      expect(JSON.stringify(plan)).toContain("resolve and check the recipe of profile tiny");
      await expect(kit.plan({ profile: "tiny", set: ["x"] })).rejects.toThrow(
        expect.objectContaining({ code: "RECIPE_SET_SYNTAX" }),
      );
    });
  });

  it("keeps the stage contract", async () => {
    await checkStageContract(rolloutConfig, { profile: "tiny" });
  });
});
