import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EventInput } from "@moonlight-rl/core";
import { assetsDirectory, MODEL } from "@moonlight-rl/tiny-moonlight";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { writeTestIteration } from "../testing/checkpoints.ts";
import { CheckpointWatch, type CheckpointWatchOptions } from "./checkpoint-watch.ts";
import { decideStart, type StartOptions } from "./decide-start.ts";
import { dataStateFile } from "./save-folder.ts";

const modelDir = join(assetsDirectory, "models", MODEL);
let template: string;
let folder: string;
let events: EventInput[];
beforeAll(async () => {
  template = await mkdtemp(join(tmpdir(), "moonlight-saves-"));
  for (const iteration of [1, 3, 5]) await writeTestIteration(template, modelDir, { iteration });
});
afterAll(() => rm(template, { recursive: true }));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "moonlight-saves-"));
  events = [];
});
afterEach(() => rm(folder, { recursive: true }));

const emit = (event: EventInput): void => void events.push(event);
const codes = (): string[] =>
  events.flatMap((event) => (event.type === "warning" ? [event.code] : []));
const tracker = (): string => join(folder, "latest_checkpointed_iteration.txt");
const chunk = (iteration: number): string =>
  join(folder, `iter_000000${iteration}`, "__0_1.distcp");

function start(changes: Partial<StartOptions> = {}): ReturnType<typeof decideStart> {
  const { signal } = new AbortController();
  const base = { folder, numRollout: 8, dataState: true, bridge: false, emit, signal };
  return decideStart({ ...base, ...changes });
}

describe("decideStart", () => {
  it("starts fresh where nothing was finished", async () => {
    expect(await start()).toEqual({ kind: "fresh" });
    expect(await start({ folder: join(folder, "none") })).toEqual({ kind: "fresh" });
    await cp(join(template, "iter_0000001"), join(folder, "iter_0000001"), { recursive: true });
    expect(await start()).toEqual({ kind: "fresh" });
  });

  describe("in a folder with iterations", () => {
    beforeEach(() => cp(template, folder, { recursive: true }));

    it("goes on after the last", async () => {
      expect(await start()).toEqual({ kind: "resume", iteration: 5 });
      expect(await start({ numRollout: 6 })).toEqual({ kind: "finished", iteration: 5 });
      expect(events).toEqual([]);
    });

    it("does not count what the tracker has not reached", async () => {
      await writeFile(tracker(), "3");
      expect(await start()).toEqual({ kind: "resume", iteration: 3 });
    });

    it("falls back from half a checkpoint that the tracker names, and mends the tracker", async () => {
      await truncate(chunk(5), 1000);
      expect(await start()).toEqual({ kind: "resume", iteration: 3 });
      expect(codes()).toEqual(["CHECKPOINT_DAMAGED"]);
      expect(await readFile(tracker(), "utf8")).toBe("3");
      expect(await readdir(folder)).toContain("iter_0000005.unusable");
      expect(await start()).toEqual({ kind: "resume", iteration: 3 });
    });

    it("sees a byte that has flipped", async () => {
      const bytes = await readFile(chunk(5));
      bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
      await writeFile(chunk(5), bytes);
      expect(await start()).toEqual({ kind: "resume", iteration: 3 });
    });

    it("does not go on without the position in the prompts", async () => {
      await rm(dataStateFile(folder, 5));
      expect(await start()).toEqual({ kind: "resume", iteration: 3 });
      expect(events[0]).toMatchObject({
        message: expect.stringContaining("CHECKPOINT_DATA_STATE"),
      });
      await cp(dataStateFile(template, 5), dataStateFile(folder, 5));
      expect(await start()).toEqual({ kind: "resume", iteration: 3 });
    });

    it("needs no position where the framework keeps none", async () => {
      await rm(join(folder, "rollout"), { recursive: true });
      expect(await start({ dataState: false })).toEqual({ kind: "resume", iteration: 5 });
      await expect(start()).rejects.toMatchObject({ code: "CHECKPOINT_NONE_GOOD", exitCode: 4 });
    });

    it("refuses a folder that is called otherwise than it says", async () => {
      await cp(join(folder, "iter_0000005"), join(folder, "iter_0000007"), { recursive: true });
      await cp(dataStateFile(folder, 5), dataStateFile(folder, 7));
      await writeFile(tracker(), "7");
      expect(await start()).toEqual({ kind: "resume", iteration: 5 });
      expect(events[0]).toMatchObject({ message: expect.stringContaining("CHECKPOINT_ITERATION") });
    });

    it("falls back from a tracker that is damaged", async () => {
      await writeFile(tracker(), "\0\0\0");
      expect(await start()).toEqual({ kind: "resume", iteration: 5 });
      expect(await readFile(tracker(), "utf8")).toBe("5");
    });

    it("refuses what would end at once, successfully", async () => {
      await expect(start({ numRollout: 4 })).rejects.toMatchObject({
        code: "CHECKPOINT_BEYOND",
        exitCode: 2,
        field: "rollout.numRollout",
      });
    });

    it("refuses bridge mode, which counts anew", async () => {
      await expect(start({ bridge: true })).rejects.toMatchObject({
        code: "CHECKPOINT_BRIDGE_RESUME",
      });
    });
  });

  it("refuses converted weights as a run to resume", async () => {
    await writeTestIteration(folder, modelDir, { iteration: "release" });
    await expect(start()).rejects.toMatchObject({ code: "CHECKPOINT_RELEASE_AS_LOAD" });
  });
});

describe("CheckpointWatch", () => {
  const watch = (changes: Partial<CheckpointWatchOptions> = {}): CheckpointWatch =>
    new CheckpointWatch({
      folder,
      pointer: join(folder, "last-good.json"),
      dataState: true,
      keep: undefined,
      savesAfter: () => 1,
      emit,
      ...changes,
    });
  const add = (iteration: number): Promise<void> =>
    cp(join(template, `iter_000000${iteration}`), join(folder, `iter_000000${iteration}`), {
      recursive: true,
    });
  const addData = (iteration: number): Promise<void> =>
    cp(dataStateFile(template, iteration), dataStateFile(folder, iteration));

  it("counts an iteration once its tracker and its data position are there", async () => {
    const watched = watch();
    await watched.poll();
    await add(1);
    await watched.poll();
    expect(watched.lastGood).toBeUndefined();
    await writeFile(tracker(), "1");
    await watched.poll();
    expect(watched.lastGood).toBeUndefined();
    await addData(1);
    await watched.poll();
    await watched.poll();
    expect(watched.lastGood).toBe(1);
    expect(events).toHaveLength(1);
    expect(JSON.parse(await readFile(join(folder, "last-good.json"), "utf8"))).toMatchObject({
      iteration: 1,
      folder,
    });
    await add(3);
    await truncate(chunk(3), 10);
    await writeFile(tracker(), "3");
    await addData(3);
    await watched.poll();
    expect(watched.lastGood).toBe(1);
    expect(codes()).toEqual(["CHECKPOINT_DAMAGED"]);
  });

  it("says at the end that a data position never came", async () => {
    await add(1);
    await writeFile(tracker(), "1");
    const watched = watch();
    await watched.poll();
    expect(codes()).toEqual([]);
    await watched.poll(true);
    expect(codes()).toEqual(["CHECKPOINT_DATA_STATE"]);
    expect(watched.lastGood).toBeUndefined();
  });

  it("keeps as many as it is told", async () => {
    await cp(template, folder, { recursive: true });
    await watch({ keep: 2 }).poll();
    expect((await readdir(folder)).filter((name) => name.startsWith("iter_"))).toEqual([
      "iter_0000003",
      "iter_0000005",
    ]);
    expect(await readdir(join(folder, "rollout"))).toHaveLength(2);
  });

  it("foresees a full disk", async () => {
    await cp(template, folder, { recursive: true });
    await watch({ savesAfter: () => 1e9 }).poll();
    expect(new Set(codes())).toEqual(new Set(["CHECKPOINT_DISK"]));
  });
});
