import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { withStage, type StageKit } from "@moonlight-rl/pipeline/testing";
import { afterEach, describe, expect, it } from "vitest";
import { chatAnswer, FaultyServer, type FaultyServerOptions } from "../fixtures/faulty-server.ts";
import { readEvalResult, readEvalResults } from "./result/read-result.ts";
import { evaluate } from "./stage.ts";

let server: FaultyServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function serve(options: Partial<FaultyServerOptions> = {}): Promise<string> {
  server = await FaultyServer.start({ answer: () => chatAnswer("\\boxed{2}"), ...options });
  return server.url;
}

const rows = (count: number): string =>
  Array.from({ length: count }, (_, i) =>
    JSON.stringify({ prompt: `${i} + 1 = ?`, label: String(i + 1) }),
  ).join("\n");

const endpointOf = (endpoint: string) => ({ endpoint, servedModel: "moonlight", concurrency: 4 });

describe("an endpoint", () => {
  it("is evaluated anew each time, and its key is nowhere", async () => {
    const key = "sk-0123456789-very-secret";
    const url = await serve();
    await withStage(evaluate, async (kit) => {
      const data = await kit.artifact("hf-dataset", { "set.jsonl": rows(4) });
      const input = { ...endpointOf(url), data, apiKeyEnv: "EVAL_TEST_KEY", nSamplesPerPrompt: 2 };
      const env = { EVAL_TEST_KEY: key };
      const { summary, result } = await kit.run(input, { env });
      expect(summary).toMatchObject({ accuracy: 0.25, problems: 4, n: 2 });
      expect(server?.received[0]?.headers.authorization).toBe(`Bearer ${key}`);
      await kit.run(input, { env });
      expect(server?.received).toHaveLength(16);
      expect((await readEvalResult(result.path)).model).toBe("served:moonlight");
      const files = ["results.json", "samples.ndjson", "manifest.json", "provenance.json"];
      for (const name of files) {
        const text = await readFile(join(result.path, name), "utf8");
        expect(text).not.toContain(key);
      }
      expect(JSON.stringify(kit.events)).not.toContain(key);
      await expect(kit.run(input, { env: {} })).rejects.toMatchObject({
        code: "EVAL_API_KEY_MISSING",
        exitCode: 3,
      });
    });
  });

  it("goes on where it was interrupted, also at another address", async () => {
    await withStage(evaluate, async (kit) => {
      const data = await kit.artifact("hf-dataset", { "set.jsonl": rows(10) });
      const first = await serve({
        fault: ({ number }) => (number >= 7 ? { status: 403 } : undefined),
      });
      const input = { data, nSamplesPerPrompt: 1, ...endpointOf(first), concurrency: 1 };
      await expect(kit.run(input)).rejects.toMatchObject({ code: "EVAL_ENDPOINT_DENIED" });
      await server?.close();
      const second = await serve();
      const { summary } = await kit.run({ ...input, endpoint: second });
      expect(server?.received).toHaveLength(3);
      expect(summary.problems).toBe(10);
    });
  });

  it.each([
    [{}, "EVAL_POLICY_CHOICE", "Nothing is given"],
    [{ endpoint: "http://h", responses: "x" }, "EVAL_POLICY_CHOICE", "endpoint and responses"],
    [{ endpoint: "http://h" }, "EVAL_POLICY_CHOICE", "by its name"],
    [{ endpoint: "http://h", servedModel: "m", threads: 2 }, "EVAL_POLICY_CHOICE", "threads says"],
    [{ endpoint: "h:80", servedModel: "m" }, "EVAL_ENDPOINT_URL", "is of h:"],
    [{ endpoint: "http://u:secret@h", servedModel: "m" }, "EVAL_ENDPOINT_URL", "a password"],
  ])("is refused before anything is done: %j", async (input, code, message) => {
    await withStage(evaluate, async (kit) => {
      const data = await kit.artifact("hf-dataset", { "set.jsonl": rows(1) });
      const thrown = await kit.run({ ...input, data }).catch((error: unknown) => error);
      expect(thrown).toMatchObject({ code, exitCode: 2 });
      expect((thrown as Error).message).toContain(message);
      expect((thrown as Error).message).not.toContain("secret");
    });
  });
});

describe("saved responses", () => {
  it("are graded again as they were, and by another grader", async () => {
    const url = await serve();
    await withStage(evaluate, async (kit: StageKit<typeof evaluate>) => {
      const data = await kit.artifact("hf-dataset", { "set.jsonl": rows(4) });
      const first = await kit.run({ ...endpointOf(url), data, nSamplesPerPrompt: 2 });
      const responses = join(first.result.path, "samples.ndjson");
      const again = await kit.run({ responses, name: "set", baseline: first.result });
      expect(again.summary).toMatchObject({ accuracy: 0.25, n: 2, problems: 4 });
      expect(again.summary.comparison).toMatchObject({ difference: 0, pValue: 1 });
      const dapo = await kit.run({ responses, data, rmType: "dapo" });
      expect(dapo.summary).toMatchObject({ accuracy: 0, closedShare: 0 });
      await kit.run({ responses, data, rmType: "dapo" });
      expect(kit.events.at(-1)?.type).toBe("stage.reused");
      const copy = join(kit.folder, "copy.jsonl");
      const text = await readFile(responses, "utf8");
      await writeFile(copy, text.replaceAll("boxed{2}", "boxed{3}"));
      const other = await kit.run({ responses: copy, data });
      expect(other.summary.accuracy).toBe(0.25);
      expect(other.result.digest).not.toBe(first.result.digest);
      const sha = { responsesSha256: "0".repeat(64) };
      await expect(kit.run({ responses: copy, data, ...sha })).rejects.toMatchObject({
        code: "EVAL_RESPONSES_CHANGED",
        exitCode: 4,
      });
    });
  });
});

describe("several sets", () => {
  it("have settings of their own, share what is beside them, and are compared by name", async () => {
    const url = await serve();
    await withStage(evaluate, async (kit) => {
      const data = await kit.artifact("hf-dataset", {
        "a.jsonl": rows(6),
        "b.jsonl": rows(3),
      });
      const other = await kit.artifact("hf-dataset", { "only.jsonl": rows(2) });
      const input = {
        ...endpointOf(url),
        data,
        maxResponseLen: 50,
        datasets: [
          { name: "a", dataFile: "a.jsonl@[1:5]", nSamplesPerPrompt: 1 },
          { name: "b", dataFile: "b.jsonl", nSamplesPerPrompt: 3, maxResponseLen: 70 },
          { name: "c", data: other, nSamplesPerPrompt: 2 },
        ],
      };
      const { summary, result } = await kit.run(input);
      expect(summary.sets.map(({ name, problems, n }) => [name, problems, n])).toEqual([
        ["a", 4, 1],
        ["b", 3, 3],
        ["c", 2, 2],
      ]);
      expect(summary).toMatchObject({ name: "a", accuracy: 0.25 });
      const limits = server?.received.map(({ body }) => body["max_tokens"]);
      expect(limits?.filter((limit) => limit === 70)).toHaveLength(9);
      expect((await readEvalResults(result.path)).map(({ name }) => name)).toEqual(["a", "b", "c"]);
      const again = await kit.run({ ...input, baseline: result });
      expect(again.summary.sets.map(({ comparison }) => comparison?.difference)).toEqual([0, 0, 0]);
      const { datasets, ...shared } = input;
      const only = { ...shared, dataFile: "b.jsonl", nSamplesPerPrompt: 1 };
      const one = await kit.run({ ...only, baseline: result });
      expect(one.summary.comparison?.difference).toBe(0);
      await expect(kit.run({ ...only, name: "d", baseline: result })).rejects.toMatchObject({
        code: "EVAL_SET_UNKNOWN",
      });
      const twice = datasets.map((set) => ({ ...set, name: "x" }));
      await expect(kit.run({ ...shared, datasets: twice })).rejects.toMatchObject({
        code: "EVAL_SETS_INVALID",
      });
    });
  });

  it("asks for a slice the same as for the whole", async () => {
    const url = await serve();
    await withStage(evaluate, async (kit) => {
      const data = await kit.artifact("hf-dataset", { "a.jsonl": rows(6) });
      await kit.run({ ...endpointOf(url), data, nSamplesPerPrompt: 2 });
      const whole = server?.received.map(({ body }) => JSON.stringify(body)) ?? [];
      await kit.run({ ...endpointOf(url), data, dataFile: "a.jsonl@[2:4]", nSamplesPerPrompt: 3 });
      const slice = server?.received.slice(12).map(({ body }) => JSON.stringify(body)) ?? [];
      expect(slice).toHaveLength(6);
      expect(slice.filter((body) => whole.includes(body))).toHaveLength(4);
    });
  });
});

describe("a gate", () => {
  it("is not in the key: it fails and passes over the same published result", async () => {
    await withStage(evaluate, async (kit) => {
      const saved = Array.from({ length: 12 }, (_, i) => ({
        prompt: `${i}?`,
        label: "1",
        response: [`\\boxed{${i % 3}}`, "\\boxed{1}"],
      }));
      const responses = join(kit.folder, "saved.jsonl");
      await writeFile(responses, saved.map((row) => `${JSON.stringify(row)}\n`).join(""));
      const input = { responses, name: "set" };
      const thrown = await kit
        .run({ ...input, require: ["avg@2>=0.7", "pass@2>=0.9"] })
        .catch((error: unknown) => error);
      expect(thrown).toMatchObject({ code: "EVAL_BELOW_GATE", exitCode: 5 });
      expect((thrown as Error).message).toContain("set.avg@2 is 0.6667 (95 % interval");
      expect((thrown as Error).message).not.toContain("pass@2 is");
      const { file } = thrown as { file: string };
      expect((await readEvalResult(file)).accuracy.mean).toBeCloseTo(2 / 3, 12);
      const passed = await kit.run({ ...input, require: ["set.avg@2>=66%"] });
      expect(kit.events.at(-1)?.type).toBe("stage.reused");
      expect(passed.result.path).toBe(file);
      await expect(
        kit.run({ ...input, baseline: passed.result, requireGain: true }),
      ).rejects.toMatchObject({ code: "EVAL_BELOW_GATE" });
      await expect(kit.run({ ...input, require: ["avg@4>0"] })).rejects.toMatchObject({
        code: "EVAL_REQUIREMENT_INVALID",
      });
    });
  });
});

describe("training data", () => {
  it("is searched for the problems", async () => {
    const url = await serve();
    await withStage(evaluate, async (kit) => {
      const data = await kit.artifact("hf-dataset", { "set.jsonl": rows(4) });
      const trainData = await kit.artifact("hf-dataset", {
        "train.jsonl": ["2 + 1 = ?", "2 + 2 = ?"]
          .map((question) => JSON.stringify({ question }))
          .join("\n"),
      });
      const { result } = await kit.run({
        ...endpointOf(url),
        data,
        trainData,
        trainInputKey: "question",
        nSamplesPerPrompt: 1,
      });
      expect((await readEvalResult(result.path)).contamination).toEqual({
        trainingPrompts: 2,
        exact: [2],
        overlapping: [],
      });
      const warnings = kit.events.flatMap((event) =>
        event.type === "warning" ? [event.code] : [],
      );
      expect(warnings).toContain("EVAL_CONTAMINATED");
    });
  });
});
