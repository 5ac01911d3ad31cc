import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCli, stageCommand } from "@moonlight-rl/pipeline";
import { resolveRecipe } from "@moonlight-rl/recipe";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rolloutConfig } from "../stage.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "diff-"));
  await writeFile(join(folder, "mine.yaml"), "optimizer: { lr: 2.0e-6 }\n");
  await writeFile(join(folder, "bad.yaml"), "optimizer: { lrs: 1 }\n");
  await mkdir(join(folder, "recipe"));
  const { recipe } = resolveRecipe({ profile: "tiny", set: ["seed=7"] });
  await writeFile(join(folder, "recipe/recipe.json"), JSON.stringify(recipe));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function diff(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const written = { stdout: "", stderr: "" };
  const stream = (name: "stdout" | "stderr") => ({
    write: (text: string) => {
      written[name] += text;
      return true;
    },
  });
  const code = await runCli(
    stageCommand(rolloutConfig),
    ["diff", ...args.map((arg) => arg.replace("@", `${folder}/`))],
    { stdout: stream("stdout"), stderr: stream("stderr"), env: {} },
  );
  return { code, ...written };
}

describe("rollout-config diff", () => {
  it("lays a file without a profile on the first recipe", async () => {
    const { code, stdout } = await diff("moonlight-16b-a3b", "@mine.yaml");
    expect(code).toBe(0);
    expect(stdout.trim().split("\n")).toEqual([
      "field         before    after",
      "optimizer.lr  0.000001  0.000002",
    ]);
  });

  it("compares published recipes, and says when they are equal", async () => {
    expect((await diff("tiny", "@recipe")).stdout).toMatch(/^seed +1234 +7$/m);
    expect((await diff("moonlight-16b-a3b", "@recipe")).stdout).toContain("optimizer.cpuOffload");
    expect((await diff("@recipe", "@recipe")).stdout).toBe("The recipes are equal.\n");
  });

  it.each([
    [["tiny", "@nowhere.yaml"], 3, "FILE_UNREADABLE"],
    [["tiny", "@bad.yaml"], 2, "optimizer.lrs"],
    [["@mine.yaml", "tiny"], 2, "RECIPE_PROFILE_MISSING"],
  ])("refuses %j", async (args, exit, text) => {
    const { code, stderr } = await diff(...args);
    expect(code).toBe(exit);
    expect(stderr).toContain(text);
  });
});
