import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeRepo, startFaultServer } from "@moonlight-rl/hub/testing";
import { readManifest } from "@moonlight-rl/pipeline";
import { withStage } from "@moonlight-rl/pipeline/testing";
import { assetsDirectory, MODEL } from "@moonlight-rl/tiny-moonlight";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fetch } from "./stage.ts";
import { asset, cacheBlob, startPlace, type Place } from "./testing/place.ts";

let place: Place;
beforeEach(async () => {
  place = await startPlace();
});
afterEach(() => place.close());

describe("a folder of this machine", () => {
  it("is read, checked and published like a repository; changes are seen", async () => {
    const copy = join(place.folder, "copy");
    await cp(join(assetsDirectory, "models", MODEL), copy, { recursive: true });
    await withStage(fetch, async (kit) => {
      const first = await kit.run({ model: copy });
      const there = await kit.run({ model: MODEL, endpoint: place.server.url });
      const files = async (path = ""): Promise<unknown> => (await readManifest(path))?.files;
      expect(await files(first.model?.path)).toEqual(await files(there.model?.path));
      await writeFile(join(copy, "config.json"), "{}");
      await expect(kit.run({ model: copy })).rejects.toMatchObject({
        code: "MODEL_FAMILY_UNKNOWN",
      });
      await expect(kit.run({ model: join(place.folder, "none") })).rejects.toMatchObject({
        code: "FOLDER_MISSING",
        exitCode: 3,
      });
    });
  });
});

describe("what a fetch tells", () => {
  it("counts falsy labels and repeated prompts, and measures prompts in the model's tokens", async () => {
    await makeRepo(place.folder, "model", MODEL, {
      "config.json": await readFile(asset("config.json")),
      "tokenizer.json": await readFile(asset("tokenizer.json")),
      "tokenizer_config.json": await readFile(asset("tokenizer_config.json")),
    });
    const row = (content: string, label: unknown): string =>
      JSON.stringify({ prompt: [{ role: "user", content }], label });
    await makeRepo(place.folder, "dataset", "org/rows", {
      "rows.jsonl": [row("1 + 1 = ?", "2"), row("1 + 1 = ?", "2"), row("1 - 1 = ?", 0)].join("\n"),
    });
    const own = await startFaultServer({ root: place.folder });
    await withStage(fetch, async (kit) => {
      const input = { model: MODEL, promptData: "org/rows", endpoint: own.url };
      const { promptData } = await kit.run(input);
      expect(promptData?.meta).toMatchObject({ rows: 3, duplicates: 1, falsyLabels: 1 });
      const codes = kit.events.flatMap((event) => (event.type === "warning" ? [event.code] : []));
      expect(codes).toEqual(
        expect.arrayContaining([
          "DATASET_FALSY_LABELS",
          "DATASET_DUPLICATES",
          "MODEL_WITHOUT_WEIGHTS",
        ]),
      );
      expect(JSON.stringify(kit.events)).toContain("prompts of 16 to 16 tokens");
    });
    await own.close();
  });

  it("says in the plan what is left out, why, and how long it takes", async () => {
    await withStage(fetch, async (kit) => {
      const plan = await kit.plan({ model: MODEL, endpoint: place.server.url, rate: 0.1 });
      const [action] = plan.actions ?? [];
      expect(action?.detail).toContain("left out, reserved name: 1 file");
      expect(action?.seconds).toBeCloseTo((action?.bytes ?? 0) / 1e5);
    });
  });

  it("says in the plan what is here already, and reckons with the rest", async () => {
    await cacheBlob("model.safetensors", 300_000);
    await withStage(fetch, async (kit) => {
      const plan = await kit.plan({ model: MODEL, endpoint: place.server.url, rate: 0.1 });
      const [action] = plan.actions ?? [];
      const total = Number(action?.data?.["total"]);
      expect(action?.detail).toContain("here already: 300 kB");
      expect(action).toMatchObject({ bytes: total - 300_000, diskBytes: total });
      expect(action?.seconds).toBeCloseTo((total - 300_000) / 1e5);
    });
  });

  it("gives up after its time limit, and goes on when it is run again", async () => {
    place.server.setFault((request) => request.url?.endsWith("/model.safetensors") === true);
    await withStage(fetch, async (kit) => {
      const input = { model: MODEL, endpoint: place.server.url };
      await expect(kit.run({ ...input, timeLimit: 0.03 })).rejects.toMatchObject({
        code: "HUB_TOO_SLOW",
        exitCode: 75,
      });
      place.server.setFault(undefined);
      await kit.run(input);
    });
  });
});
