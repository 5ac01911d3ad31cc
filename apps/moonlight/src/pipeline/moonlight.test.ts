import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { planPipeline, runPipeline } from "@moonlight-rl/pipeline";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { moonlight } from "./moonlight.ts";

/** Nobody answers there: what is refused in time never asks. */
const endpoint = "http://127.0.0.1:9";
let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "moonlight-pipeline-"));
});
afterEach(() => rm(root, { recursive: true }));

describe("a recipe that cannot work", () => {
  it.each([
    ["an unknown field", ["rollout.numRolout=3"], "RECIPE_FIELD_UNKNOWN", "rollout.numRolout"],
    [
      "a value of another type",
      ["rollout.numRollout=many"],
      "RECIPE_INVALID",
      "rollout.numRollout",
    ],
    ["a broken rule", ["rollout.temperature=0"], "RECIPE_RULE", "rollout.temperature"],
  ])("with %s is refused before anything is fetched", async (_, set, code, field) => {
    const workspace = join(root, "workspace");
    const refused = { code, field, exitCode: 2 };
    const params = { endpoint, set };
    await expect(runPipeline(moonlight, params, { workspace })).rejects.toMatchObject(refused);
    await expect(planPipeline(moonlight, params, { workspace })).rejects.toMatchObject(refused);
    expect(await readdir(root)).toEqual([]);
  });

  it("by its file is refused too, and names the file", async () => {
    const file = join(root, "recipe.yaml");
    await writeFile(file, "rollout: { numRolout: 3 }\n");
    const run = runPipeline(moonlight, { endpoint, files: [file] }, { workspace: join(root, "w") });
    await expect(run).rejects.toMatchObject({ code: "RECIPE_INVALID", exitCode: 2, file });
    expect(await readdir(root)).toEqual(["recipe.yaml"]);
  });
});

it("asks the Hub once the recipe can work", async () => {
  const run = runPipeline(
    moonlight,
    { endpoint, set: ["rollout.numRollout=3"] },
    { workspace: root },
  );
  await expect(run).rejects.toMatchObject({ code: "HUB_UNREACHABLE" });
});
