import { createHash } from "node:crypto";
import { appendFile, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { LocalDir } from "@moonlight-rl/hub";
import { withStage } from "@moonlight-rl/pipeline/testing";
import { MODEL, PROMPT_DATA } from "@moonlight-rl/tiny-moonlight";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { fetch } from "./stage.ts";
import { ALL, asset, cacheSnapshot, startPlace, verify, type Place } from "./testing/place.ts";

let place: Place;
beforeEach(async () => {
  place = await startPlace();
});
afterEach(() => place.close());

describe("--local-dir", { timeout: 120_000 }, () => {
  it("has the files, and the notes that Python's client leaves; artifact and folder verify", async () => {
    const localDir = join(place.folder, "local");
    await withStage(fetch, async (kit) => {
      const { model } = await kit.run({ model: MODEL, endpoint: place.server.url, localDir });
      const local = new LocalDir(localDir);
      expect((await local.notes()).map(({ path }) => path)).toContain("model.safetensors");
      expect(await readFile(join(localDir, "model.safetensors"))).toHaveLength(
        (await stat(asset("model.safetensors"))).size,
      );
      expect((await verify(localDir)).output).toMatchObject({
        layout: "local-dir",
        content: expect.stringMatching(/^a model with \d+ tensors/),
        faults: [],
      });
      // Editing the folder in place must not reach the artifact.
      await appendFile(join(localDir, "config.json"), " ");
      expect((await verify(model?.path ?? "")).output).toMatchObject({
        layout: "artifact",
        faults: [],
      });
      expect((await verify(localDir)).error).toMatchObject({ code: "FILE_SIZE", exitCode: 4 });
    });
  });

  it.each(["config.json", "model.safetensors"])(
    "is filled from the artifact that is there already; and again when its %s is gone",
    async (lost) => {
      const localDir = join(place.folder, "local");
      await withStage(fetch, async (kit) => {
        const input = { model: MODEL, endpoint: place.server.url };
        const { model } = await kit.run(input);
        const before = place.askedFor("model.safetensors");
        const fill = async (): Promise<void> => {
          expect(await kit.plan({ ...input, localDir })).toMatchObject({
            status: "miss",
            reason: expect.stringContaining("folder"),
          });
          expect(await kit.run({ ...input, localDir })).toEqual({ model });
          expect((await verify(localDir)).output).toMatchObject({
            layout: "local-dir",
            faults: [],
          });
          for (const name of ALL)
            expect((await readFile(join(localDir, name))).equals(await readFile(asset(name)))).toBe(
              true,
            );
        };
        await fill();
        await rm(join(localDir, lost));
        await fill();
        await kit.run({ ...input, localDir });
        expect(kit.events.at(-1)?.type).toBe("stage.reused");
        expect(place.askedFor("model.safetensors")).toBe(before);
      });
    },
  );

  it("is filled from the shared cache when there is no network", async () => {
    const localDir = join(place.folder, "local");
    await withStage(fetch, async (kit) => {
      await kit.run({ model: MODEL, endpoint: place.server.url, localDir });
      const notes = await new LocalDir(localDir).notes();
      await cacheSnapshot(notes[0]?.commit ?? "", ALL);
    });
    await rm(localDir, { recursive: true });
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    await withStage(fetch, async (kit) => {
      await kit.run({ model: MODEL, localDir });
      expect((await verify(localDir)).output).toMatchObject({ layout: "local-dir", faults: [] });
      expect(await new LocalDir(localDir).notes()).toHaveLength(ALL.length);
    });
  });

  it("goes on with the prefix that an interrupted download has left", async () => {
    const localDir = join(place.folder, "local");
    await withStage(fetch, async (kit) => {
      const local = new LocalDir(localDir);
      const content = await readFile(asset("model.safetensors"));
      const oid = createHash("sha256").update(content).digest("hex");
      const file = {
        path: "model.safetensors",
        size: content.length,
        oid,
        lfs: { oid, size: content.length },
      };
      const prefix = local.incompletePath(file);
      await mkdir(dirname(prefix), { recursive: true });
      await writeFile(prefix, content.subarray(0, 500_000));
      await kit.run({ model: MODEL, endpoint: place.server.url, localDir });
      const ranges = place.server.requests.filter(({ path }) => path.endsWith("model.safetensors"));
      expect(ranges.map(({ range }) => range)).toEqual([`bytes=500000-${content.length - 1}`]);
    });
  });

  it("holds one repository", async () => {
    await withStage(fetch, async (kit) => {
      const both = {
        model: MODEL,
        promptData: PROMPT_DATA,
        endpoint: place.server.url,
        localDir: place.folder,
      };
      await expect(kit.run(both)).rejects.toMatchObject({ code: "FETCH_LOCAL_DIR" });
    });
  });
});
