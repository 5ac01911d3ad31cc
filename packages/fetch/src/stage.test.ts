import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startFaultServer, makeRepo, type FaultServer } from "@moonlight-rl/hub/testing";
import { adoptArtifact, readManifest, type Artifact } from "@moonlight-rl/pipeline";
import { checkStageContract, withStage } from "@moonlight-rl/pipeline/testing";
import { assetsDirectory, EVAL_DATA, MODEL, PROMPT_DATA } from "@moonlight-rl/tiny-moonlight";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { Published } from "./hub/published.ts";
import { fetch, fetchAssets } from "./stage.ts";

const ALL = { model: MODEL, promptData: PROMPT_DATA, evalData: EVAL_DATA };
const COMMIT = /^[0-9a-f]{40}$/;
let server: FaultServer;

beforeEach(async () => {
  for (const name of ["HF_TOKEN", "HF_ENDPOINT", "HF_HUB_OFFLINE"]) vi.stubEnv(name, "");
  vi.stubEnv("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1");
  server = await startFaultServer({ root: assetsDirectory });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server.close();
});

const commitOf = (artifact: Artifact | undefined): string =>
  z.string().parse(artifact?.meta["commit"]);
const resolved = (): string[] =>
  server.requests.filter((request) => request.path.includes("/resolve/")).map((r) => r.path);

describe("fetchAssets", () => {
  it("keeps the contract of a stage and brings the tiny repositories", async () => {
    const output = await checkStageContract(fetchAssets, { ...ALL, endpoint: server.url });
    expect(output.model.meta).toMatchObject({ repo: MODEL, commit: expect.stringMatching(COMMIT) });
    expect(output.model.meta["tensors"]).toBeGreaterThan(20);
    expect(output.promptData.meta).toMatchObject({ dataFile: "tiny-dapo-math.jsonl" });
    expect(output.evalData.meta["rows"]).toBeGreaterThanOrEqual(400);
  });

  it("is found again from another address of the same Hub", async () => {
    const other = await startFaultServer({ root: assetsDirectory });
    await withStage(fetchAssets, async (kit) => {
      const first = await kit.run({ ...ALL, endpoint: server.url });
      const second = await kit.run({ ...ALL, endpoint: other.url, connections: 2 });
      expect(kit.events.at(-1)?.type).toBe("stage.reused");
      expect(second).toEqual(first);
      const manifest = await readManifest(first.model.path);
      expect(JSON.stringify(manifest)).not.toContain(server.url);
      expect(manifest?.files.map((file) => file.path)).not.toContain("README.md");
      // The bundled repository has a provenance.json; that name is the artifact's own.
      expect(manifest?.files.map((file) => file.path)).not.toContain("provenance.json");
    });
    await other.close();
  });
});

describe("fetch", () => {
  it("brings what is asked for, at a commit, with progress", async () => {
    await withStage(fetch, async (kit) => {
      const { model: first } = await kit.run({ model: MODEL, endpoint: server.url });
      const revision = commitOf(first);
      const again = await kit.run({ model: MODEL, revision, endpoint: server.url });
      expect(again).toEqual({ model: first });
      expect(kit.events.at(-1)?.type).toBe("stage.reused");
      const progress = kit.events.filter((event) => event.type === "progress");
      const last = progress.at(-1);
      expect(last?.done).toBe(last?.total);
    });
  });

  it("plans the bytes without fetching them", async () => {
    await withStage(fetch, async (kit) => {
      const plan = await kit.plan({ evalData: EVAL_DATA, endpoint: server.url });
      expect(plan.actions).toEqual([
        expect.objectContaining({
          title: expect.stringContaining(`download dataset ${EVAL_DATA}: 1 file, `),
          bytes: expect.any(Number),
        }),
      ]);
      expect(resolved()).toEqual([]);
    });
  });

  it("takes only what is allowed, and says that there are no weights", async () => {
    await withStage(fetch, async (kit) => {
      const input = { model: MODEL, allow: ["config.json"], endpoint: server.url };
      const { model } = await kit.run(input);
      expect((await readManifest(model?.path ?? ""))?.files).toHaveLength(1);
      expect(kit.events).toContainEqual(expect.objectContaining({ code: "MODEL_WITHOUT_WEIGHTS" }));
    });
  });

  it("sends HF_TOKEN to HF_ENDPOINT and shows it nowhere", async () => {
    vi.stubEnv("HF_ENDPOINT", server.url);
    await withStage(fetch, async (kit) => {
      await kit.run({ evalData: EVAL_DATA }, { env: { HF_TOKEN: "hf_very_secret" } });
      expect(server.requests.every((r) => r.authorization === "Bearer hf_very_secret")).toBe(true);
      expect(JSON.stringify(kit.events)).not.toContain("hf_very_secret");
    });
  });

  it("keeps off the network with HF_HUB_OFFLINE, but not off this machine", async () => {
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    await withStage(fetch, async (kit) => {
      await expect(
        kit.run({ evalData: EVAL_DATA, endpoint: "https://hub.example" }),
      ).rejects.toMatchObject({ code: "HUB_OFFLINE" });
      const { evalData } = await kit.run({ evalData: EVAL_DATA, endpoint: server.url });
      const evalRevision = commitOf(evalData);
      await kit.run({ evalData: EVAL_DATA, evalRevision, endpoint: "https://hub.example" });
      expect(kit.events.at(-1)?.type).toBe("stage.reused");
    });
  });

  it("publishes nothing when the Hub is gone or does not know the repository", async () => {
    const gone = await startFaultServer({ root: assetsDirectory });
    await gone.close();
    await withStage(fetch, async (kit) => {
      await expect(kit.run({ model: "org/none", endpoint: server.url })).rejects.toMatchObject({
        code: "HUB_NOT_FOUND",
        exitCode: 2,
      });
      await expect(kit.run({ endpoint: server.url })).rejects.toMatchObject({
        code: "FETCH_NOTHING",
        exitCode: 2,
      });
      await expect(
        kit.run({ model: MODEL, revision: "0".repeat(40), endpoint: server.url }),
      ).rejects.toMatchObject({ code: "HUB_NOT_FOUND" });
      expect(await readdir(kit.workspace.store).catch(() => [])).toEqual([]);
    });
  });
});

describe("after kill -9 of the command", () => {
  it("files that were finished are not fetched again", async () => {
    await withStage(fetch, async (kit) => {
      const child = spawn(
        process.execPath,
        [
          fileURLToPath(new URL("../bin/moonlight-fetch.js", import.meta.url)),
          "--input-json",
          JSON.stringify({ model: MODEL, endpoint: server.url, connections: 1 }),
          "--workspace",
          kit.workspace.root,
        ],
        { stdio: "ignore" },
      );
      server.setFault((request) => {
        if (request.url?.endsWith("/tokenizer.json") !== true) return false;
        child.kill("SIGKILL");
        return true;
      });
      expect((await once(child, "exit"))[1]).toBe("SIGKILL");
      server.setFault(undefined);
      const names = (paths: string[]): (string | undefined)[] =>
        paths.map((p) => p.split("/").pop());
      const before = names(resolved());
      expect(before).toContain("model.safetensors");
      await kit.run({ model: MODEL, endpoint: server.url });
      expect(names(resolved()).slice(before.length)).toEqual(
        expect.arrayContaining(["tokenizer.json", "tokenizer_config.json"]),
      );
    });
  });

  it("what was published already is found", async () => {
    await withStage(fetch, async (kit) => {
      const made = await kit.artifact("hf-dataset", { "a.jsonl": "{}" });
      await (await Published.open(kit.folder)).add("evalData", made);
      const published = await Published.open(kit.folder);
      expect(await published.find("evalData", "hf-dataset")).toEqual(
        await adoptArtifact("hf-dataset", made.path),
      );
      expect(await published.find("model", "hf-model")).toBeUndefined();
    });
  });
});

describe("content that the Hub serves faithfully and that is wrong", () => {
  const CHAT = '{"prompt":[{"role":"user","content":"1 + 1 = ?"}],"label":"2"}\n';
  let root: string;
  let own: FaultServer;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "fetch-content-"));
    const rows = (name: string, text: string): Promise<void> =>
      makeRepo(root, "dataset", `bad/${name}`, { "rows.jsonl": text });
    await rows("torn", CHAT + CHAT.slice(0, 20));
    await rows("no-label", CHAT + '{"prompt":"1 + 1"}\n');
    await rows("empty", "\n");
    await makeRepo(root, "dataset", "bad/several", { "a.jsonl": CHAT, "b.jsonl": CHAT });
    await makeRepo(root, "dataset", "bad/named", { "named.jsonl": CHAT, "other.jsonl": CHAT });
    await makeRepo(root, "dataset", "bad/table", { "rows.csv": "1,2" });
    await makeRepo(root, "dataset", "bad/parquet", { "a.parquet": "PAR1" });
    await makeRepo(root, "model", "bad/other", {
      "config.json": '{"model_type":"gpt2"}',
      "model.safetensors": "never fetched",
    });
    await makeRepo(root, "model", "bad/bare", { "model.safetensors": "x" });
    const tiny = await readFile(join(assetsDirectory, "models", MODEL, "config.json"));
    await makeRepo(root, "model", "bad/cut", {
      "config.json": tiny,
      "model.safetensors": Buffer.from([200, 0, 0, 0, 0, 0, 0, 0, 0x7b]),
    });
    await makeRepo(root, "model", "bad/shard", {
      "config.json": tiny,
      "model.safetensors.index.json": '{"weight_map":{"a":"model-00001-of-00001.safetensors"}}',
      "other.safetensors": "x",
    });
    own = await startFaultServer({ root });
  });
  afterAll(async () => {
    await own.close();
    await rm(root, { recursive: true });
  });

  it.each([
    [{ promptData: "bad/torn" }, "DATASET_ROW_INVALID", 4],
    [{ promptData: "bad/no-label" }, "DATASET_ROW_INVALID", 4],
    [{ promptData: "bad/empty" }, "DATASET_EMPTY", 4],
    [{ promptData: "bad/several" }, "DATASET_FILE_AMBIGUOUS", 2],
    [{ promptData: "bad/several", promptFile: "c.jsonl" }, "DATASET_FILE_MISSING", 2],
    [{ promptData: "bad/parquet" }, "DATASET_PARQUET", 4],
    [{ promptData: "bad/table" }, "DATASET_NO_DATA_FILE", 3],
    [{ model: "bad/other" }, "MODEL_FAMILY_UNKNOWN", 2],
    [{ model: "bad/bare" }, "MODEL_CONFIG_MISSING", 3],
    [{ model: "bad/cut" }, expect.stringMatching(/SAFETENSORS/), 4],
    [{ model: "bad/shard" }, "TENSOR_MISSING", 4],
  ])("%o is %s", async (input, code, exitCode) => {
    await withStage(fetch, async (kit) => {
      await expect(kit.run({ ...input, endpoint: own.url })).rejects.toMatchObject({
        code,
        exitCode,
      });
      expect(await readdir(kit.workspace.store).catch(() => [])).toEqual([]);
    });
  });

  it("an architecture that cannot be trained is told before its weights are fetched", () => {
    expect(own.requests.some((r) => r.path.includes("bad/other/resolve"))).toBe(true);
    expect(own.requests.some((r) => /bad\/other\/.*safetensors/.test(r.path))).toBe(false);
  });

  it("a data file can be named, and the one that is named like the repository is taken", async () => {
    await withStage(fetch, async (kit) => {
      const several = { promptData: "bad/several", promptFile: "b.jsonl", endpoint: own.url };
      expect((await kit.run(several)).promptData?.meta).toMatchObject({ dataFile: "b.jsonl" });
      const named = await kit.run({ evalData: "bad/named", endpoint: own.url });
      expect(named.evalData?.meta).toMatchObject({ dataFile: "named.jsonl", rows: 1 });
    });
  });
});
