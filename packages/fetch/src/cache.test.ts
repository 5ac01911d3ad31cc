import { readdir, readFile, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isMoonlightError } from "@moonlight-rl/core";
import { withStage } from "@moonlight-rl/pipeline/testing";
import { MODEL } from "@moonlight-rl/tiny-moonlight";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { fetch } from "./stage.ts";
import { ALL, cacheBlob, cacheSnapshot, startPlace, verify, type Place } from "./testing/place.ts";

let place: Place;
beforeEach(async () => {
  place = await startPlace();
});
afterEach(() => place.close());

describe("the shared cache of Hugging Face", () => {
  it("gives what it has, and the rest comes over the network", async () => {
    const blob = await cacheBlob("model.safetensors");
    const { size } = await stat(blob);
    await withStage(fetch, async (kit) => {
      const { model } = await kit.run({ model: MODEL, endpoint: place.server.url });
      expect(model?.meta["tensors"]).toBeGreaterThan(20);
    });
    expect(place.askedFor("model.safetensors")).toBe(0);
    expect(place.askedFor("tokenizer.json")).toBe(1);
    expect((await stat(blob)).size).toBe(size);
  });
});

describe("F32 offline", () => {
  const commit = "c".repeat(40);

  it("a complete snapshot is used, and no request made", async () => {
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    await cacheSnapshot(commit, ALL);
    await withStage(fetch, async (kit) => {
      const { model } = await kit.run({ model: MODEL });
      expect(model?.meta).toMatchObject({ commit, tensors: expect.any(Number) });
      expect((await verify(model?.path ?? "")).output.faults).toEqual([]);
    });
    expect(place.server.requests).toEqual([]);
  });

  const without = (name: string): string[] => ALL.filter((other) => other !== name);
  /** What the cache has, and why it is not enough. */
  const INCOMPLETE: readonly [string, () => Promise<unknown>, string, number][] = [
    ["nothing", async () => undefined, "HUB_OFFLINE", 3],
    [
      "a content that was never finished",
      async () =>
        await symlink(
          "../../blobs/none",
          join(await cacheSnapshot(commit, without("model.safetensors")), "model.safetensors"),
        ),
      "SNAPSHOT_INCOMPLETE",
      3,
    ],
    [
      "no weights",
      () => cacheSnapshot(commit, without("model.safetensors")),
      "SNAPSHOT_INCOMPLETE",
      3,
    ],
    [
      "no tokenizer",
      () => cacheSnapshot(commit, without("tokenizer.json")),
      "SNAPSHOT_INCOMPLETE",
      3,
    ],
    [
      "weights that were cut",
      async () => {
        await cacheSnapshot(commit, ALL);
        await truncate(await cacheBlob("model.safetensors"), 500_000);
      },
      "FILE_DIGEST",
      4,
    ],
    [
      "weights with a flipped byte",
      async () => {
        await cacheSnapshot(commit, ALL);
        const blob = await cacheBlob("model.safetensors");
        const bytes = await readFile(blob);
        bytes[700_000] = (bytes[700_000] ?? 0) ^ 1;
        await writeFile(blob, bytes);
      },
      "FILE_DIGEST",
      4,
    ],
  ];

  it.each(INCOMPLETE)("%s is refused, and fetched once there is a network", async (...given) => {
    const [, prepare, code, exitCode] = given;
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    await prepare();
    await withStage(fetch, async (kit) => {
      const start = performance.now();
      const error: unknown = await kit.run({ model: MODEL }).catch((reason: unknown) => reason);
      expect(performance.now() - start).toBeLessThan(10_000);
      expect(isMoonlightError(error)).toBe(true);
      expect(error).toMatchObject({ code, exitCode, hint: expect.stringMatching(/\S/) });
      expect(await readdir(kit.workspace.store).catch(() => [])).toEqual([]);
      expect(place.server.requests).toEqual([]);
      vi.stubEnv("HF_HUB_OFFLINE", "");
      const { model } = await kit.run({ model: MODEL, endpoint: place.server.url });
      expect((await verify(model?.path ?? "")).output).toMatchObject({
        content: expect.stringMatching(/^a model with \d+ tensors/),
        faults: [],
      });
    });
  });

  it("a snapshot without weights is enough for whoever asks for less", async () => {
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    await cacheSnapshot(commit, ["config.json"]);
    await withStage(fetch, async (kit) => {
      await kit.run({ model: MODEL, allow: ["config.json"] });
      expect(kit.events).toContainEqual(expect.objectContaining({ code: "MODEL_WITHOUT_WEIGHTS" }));
    });
  });
});
