import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  appendFile,
  cp,
  mkdir,
  mkdtemp,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { MoonlightEvent } from "@moonlight-rl/core";
import { HfCache, LocalDir } from "@moonlight-rl/hub";
import { makeRepo, startFaultServer, type FaultServer } from "@moonlight-rl/hub/testing";
import { readManifest } from "@moonlight-rl/pipeline";
import { withStage } from "@moonlight-rl/pipeline/testing";
import { assetsDirectory, MODEL, PROMPT_DATA } from "@moonlight-rl/tiny-moonlight";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { fetch } from "./stage.ts";
import { verifyCommand } from "./verify/verify-command.ts";

let server: FaultServer;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fetch-layouts-"));
  for (const name of ["HF_TOKEN", "HF_ENDPOINT", "HF_HUB_OFFLINE", "HF_HUB_CACHE"])
    vi.stubEnv(name, "");
  vi.stubEnv("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1");
  vi.stubEnv("HF_HOME", join(folder, "home"));
  server = await startFaultServer({ root: assetsDirectory });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server.close();
  await rm(folder, { recursive: true });
});

const asset = (name: string): string => join(assetsDirectory, "models", MODEL, name);
const askedFor = (name: string): number =>
  server.requests.filter(({ path }) => path.includes("/resolve/") && path.endsWith(name)).length;

const ALL = ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"];

/** A snapshot as Python's client makes it, of some of the tiny model's files. */
async function cacheSnapshot(commit: string, names: readonly string[]): Promise<void> {
  const repository = new HfCache().repoFolder({ type: "model", repo: MODEL });
  const files = join(repository, "snapshots", commit);
  await mkdir(files, { recursive: true });
  await mkdir(join(repository, "refs"), { recursive: true });
  await mkdir(join(repository, "blobs"), { recursive: true });
  await writeFile(join(repository, "refs", "main"), commit);
  for (const name of names) {
    const content = await readFile(asset(name));
    const blob = createHash("sha256").update(content).digest("hex");
    await writeFile(join(repository, "blobs", blob), content);
    await symlink(join("..", "..", "blobs", blob), join(files, name));
  }
}

async function verify(path: string) {
  const events: MoonlightEvent[] = [];
  const context = {
    signal: new AbortController().signal,
    emit: (event: MoonlightEvent) => events.push(event),
  } as never;
  const output = await verifyCommand.run({ path }, context);
  return { output, error: verifyCommand.verdict?.(output) };
}

describe("the shared cache of Hugging Face", () => {
  it("gives what it has, and the rest comes over the network", async () => {
    const content = await readFile(asset("model.safetensors"));
    const blob = createHash("sha256").update(content).digest("hex");
    const cache = new HfCache().repoFolder({ type: "model", repo: MODEL });
    await mkdir(join(cache, "blobs"), { recursive: true });
    await writeFile(join(cache, "blobs", blob), content);
    await withStage(fetch, async (kit) => {
      const { model } = await kit.run({ model: MODEL, endpoint: server.url });
      expect(model?.meta["tensors"]).toBeGreaterThan(20);
    });
    expect(askedFor("model.safetensors")).toBe(0);
    expect(askedFor("tokenizer.json")).toBe(1);
    expect((await stat(join(cache, "blobs", blob))).size).toBe(content.length);
  });
});

describe("offline", () => {
  const commit = "c".repeat(40);
  const snapshot = (names: readonly string[]) => cacheSnapshot(commit, names);

  it("F32 a complete snapshot is used, and no request made", async () => {
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    await snapshot(ALL);
    await withStage(fetch, async (kit) => {
      const { model } = await kit.run({ model: MODEL });
      expect(model?.meta).toMatchObject({ commit, tensors: expect.any(Number) });
      expect((await verify(model?.path ?? "")).output.faults).toEqual([]);
    });
  });

  it("F32 a damaged or incomplete one is refused, and so is one that is not there", async () => {
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    await withStage(fetch, async (kit) => {
      await expect(kit.run({ model: MODEL })).rejects.toMatchObject({ code: "HUB_OFFLINE" });
      await snapshot(ALL.slice(0, 1));
      const part = new HfCache().repoFolder({ type: "model", repo: MODEL });
      await symlink("../../blobs/none", join(part, "snapshots", commit, "model.safetensors"));
      await expect(kit.run({ model: MODEL })).rejects.toMatchObject({
        code: "SNAPSHOT_INCOMPLETE",
      });
    });
  });
});

describe("a folder of this machine", () => {
  it("is read, checked and published like a repository; changes are seen", async () => {
    const copy = join(folder, "copy");
    await cp(join(assetsDirectory, "models", MODEL), copy, { recursive: true });
    await withStage(fetch, async (kit) => {
      const first = await kit.run({ model: copy });
      const there = await kit.run({ model: MODEL, endpoint: server.url });
      const files = async (path = ""): Promise<unknown> => (await readManifest(path))?.files;
      expect(await files(first.model?.path)).toEqual(await files(there.model?.path));
      await writeFile(join(copy, "config.json"), "{}");
      await expect(kit.run({ model: copy })).rejects.toMatchObject({
        code: "MODEL_FAMILY_UNKNOWN",
      });
      await expect(kit.run({ model: join(folder, "none") })).rejects.toMatchObject({
        code: "FOLDER_MISSING",
        exitCode: 3,
      });
    });
  });
});

describe("--local-dir", () => {
  it("has the files, and the notes that Python's client leaves; artifact and folder verify", async () => {
    const localDir = join(folder, "local");
    await withStage(fetch, async (kit) => {
      const { model } = await kit.run({ model: MODEL, endpoint: server.url, localDir });
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

  it("is filled when the artifact is there already, from it; and again when a file of it is gone", async () => {
    const localDir = join(folder, "local");
    await withStage(fetch, async (kit) => {
      const input = { model: MODEL, endpoint: server.url };
      const { model } = await kit.run(input);
      const before = askedFor("model.safetensors");
      for (const lost of ["config.json", "model.safetensors"]) {
        const plan = await kit.plan({ ...input, localDir });
        expect(plan).toMatchObject({ status: "miss", reason: expect.stringContaining("folder") });
        expect(await kit.run({ ...input, localDir })).toEqual({ model });
        expect((await verify(localDir)).output).toMatchObject({ layout: "local-dir", faults: [] });
        expect(await readFile(join(localDir, "model.safetensors"))).toEqual(
          await readFile(asset("model.safetensors")),
        );
        await rm(join(localDir, lost));
      }
      await kit.run({ ...input, localDir });
      await kit.run({ ...input, localDir });
      expect(kit.events.at(-1)?.type).toBe("stage.reused");
      expect(askedFor("model.safetensors")).toBe(before);
    });
  });

  it("is filled from the shared cache when there is no network", async () => {
    const localDir = join(folder, "local");
    await withStage(fetch, async (kit) => {
      await kit.run({ model: MODEL, endpoint: server.url, localDir });
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
    const localDir = join(folder, "local");
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
      await kit.run({ model: MODEL, endpoint: server.url, localDir });
      const ranges = server.requests.filter(({ path }) => path.endsWith("model.safetensors"));
      expect(ranges.map(({ range }) => range)).toEqual([`bytes=500000-${content.length - 1}`]);
    });
  });

  it("holds one repository", async () => {
    await withStage(fetch, async (kit) => {
      const both = {
        model: MODEL,
        promptData: PROMPT_DATA,
        endpoint: server.url,
        localDir: folder,
      };
      await expect(kit.run(both)).rejects.toMatchObject({ code: "FETCH_LOCAL_DIR" });
    });
  });
});

describe("verify", () => {
  it("finds a flipped byte and a missing file in an artifact", async () => {
    await withStage(fetch, async (kit) => {
      const { model } = await kit.run({ model: MODEL, endpoint: server.url });
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
    const broken = join(folder, "broken");
    await mkdir(broken);
    await writeFile(join(broken, "a.jsonl"), '{"prompt": "1+1"}\n');
    expect((await verify(broken)).error).toMatchObject({ code: "DATASET_ROW_INVALID" });
    await expect(verify(join(folder, "none"))).rejects.toMatchObject({ code: "FOLDER_MISSING" });
  });

  it("is a command with an exit code", () => {
    const bin = fileURLToPath(new URL("../bin/moonlight-fetch.js", import.meta.url));
    const run = (...args: string[]) =>
      spawnSync(process.execPath, [bin, ...args], { encoding: "utf8" });
    const fine = run("verify", join(assetsDirectory, "models", MODEL));
    expect(fine.stdout).toContain("model.safetensors");
    expect(fine.status).toBe(0);
    expect(run("verify", join(folder, "none")).status).toBe(3);
  });
});

describe("what a fetch tells", () => {
  it("counts falsy labels and repeated prompts, and measures prompts in the model's tokens", async () => {
    await makeRepo(folder, "model", MODEL, {
      "config.json": await readFile(asset("config.json")),
      "tokenizer.json": await readFile(asset("tokenizer.json")),
      "tokenizer_config.json": await readFile(asset("tokenizer_config.json")),
    });
    const row = (content: string, label: unknown): string =>
      JSON.stringify({ prompt: [{ role: "user", content }], label });
    await makeRepo(folder, "dataset", "org/rows", {
      "rows.jsonl": [row("1 + 1 = ?", "2"), row("1 + 1 = ?", "2"), row("1 - 1 = ?", 0)].join("\n"),
    });
    const own = await startFaultServer({ root: folder });
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
      const plan = await kit.plan({ model: MODEL, endpoint: server.url, rate: 0.1 });
      const [action] = plan.actions ?? [];
      expect(action?.detail).toContain("left out, reserved name: 1 file");
      expect(action?.seconds).toBeCloseTo((action?.bytes ?? 0) / 1e5);
    });
  });

  it("says in the plan what is here already, and reckons with the rest", async () => {
    const content = await readFile(asset("model.safetensors"));
    const blob = createHash("sha256").update(content).digest("hex");
    const cache = new HfCache().repoFolder({ type: "model", repo: MODEL });
    await mkdir(join(cache, "blobs"), { recursive: true });
    await writeFile(join(cache, "blobs", `${blob}.incomplete`), content.subarray(0, 300_000));
    await withStage(fetch, async (kit) => {
      const plan = await kit.plan({ model: MODEL, endpoint: server.url, rate: 0.1 });
      const [action] = plan.actions ?? [];
      const total = Number(action?.data?.["total"]);
      expect(action?.detail).toContain("here already: 300 kB");
      expect(action).toMatchObject({ bytes: total - 300_000, diskBytes: total });
      expect(action?.seconds).toBeCloseTo((total - 300_000) / 1e5);
    });
  });

  it("gives up after its time limit, and goes on when it is run again", async () => {
    server.setFault((request) => request.url?.endsWith("/model.safetensors") === true);
    await withStage(fetch, async (kit) => {
      const input = { model: MODEL, endpoint: server.url };
      await expect(kit.run({ ...input, timeLimit: 0.03 })).rejects.toMatchObject({
        code: "HUB_TOO_SLOW",
        exitCode: 75,
      });
      server.setFault(undefined);
      await kit.run(input);
    });
  });
});
