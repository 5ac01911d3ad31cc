import { spawnSync } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { withStage } from "@moonlight-rl/pipeline/testing";
import { assetsDirectory, MODEL, PROMPT_DATA } from "@moonlight-rl/tiny-moonlight";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fetch } from "../stage.ts";
import { startPlace, verify, type Place } from "../testing/place.ts";

let place: Place;
beforeEach(async () => {
  place = await startPlace();
});
afterEach(() => place.close());

describe("verify", () => {
  it("finds a flipped byte and a missing file in an artifact", async () => {
    await withStage(fetch, async (kit) => {
      const { model } = await kit.run({ model: MODEL, endpoint: place.server.url });
      const path = model?.path ?? "";
      const weights = join(path, "model.safetensors");
      const bytes = await readFile(weights);
      bytes[700_000] = (bytes[700_000] ?? 0) ^ 1;
      await writeFile(weights, bytes);
      expect((await verify(path)).error).toMatchObject({ code: "FILE_DIGEST", exitCode: 4 });
      await rm(weights);
      expect((await verify(path)).error).toMatchObject({ code: "FILE_MISSING" });
    });
  });

  it("reads any folder's content, and refuses one that is not there", async () => {
    expect((await verify(join(assetsDirectory, "models", MODEL))).output).toMatchObject({
      layout: "plain",
      content: expect.stringContaining("a model with"),
    });
    expect((await verify(join(assetsDirectory, "datasets", PROMPT_DATA))).output).toMatchObject({
      content: expect.stringMatching(/a dataset with \d+ rows/),
    });
    const broken = join(place.folder, "broken");
    await mkdir(broken);
    await writeFile(join(broken, "a.jsonl"), '{"prompt": "1+1"}\n');
    expect((await verify(broken)).error).toMatchObject({ code: "DATASET_ROW_INVALID" });
    await expect(verify(join(place.folder, "none"))).rejects.toMatchObject({
      code: "FOLDER_MISSING",
    });
  });

  it("is a command with an exit code", () => {
    const bin = fileURLToPath(new URL("../../bin/moonlight-fetch.js", import.meta.url));
    const run = (...args: string[]) =>
      spawnSync(process.execPath, [bin, ...args], { encoding: "utf8" });
    const fine = run("verify", join(assetsDirectory, "models", MODEL));
    expect(fine.stdout).toContain("model.safetensors");
    expect(fine.status).toBe(0);
    expect(run("verify", join(place.folder, "none")).status).toBe(3);
  });
});
