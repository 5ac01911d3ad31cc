import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  artifact,
  definePipeline,
  defineStage,
  runCli,
  runPipeline,
  type StageContext,
} from "@moonlight-rl/pipeline";
import { z } from "zod";
import { createProgram } from "../program.ts";
import { compareReports } from "./compare-reports.ts";
import { comparisonText } from "./comparison-text.ts";
import { gradedSpan } from "./run-samples.ts";
import type { RunSample } from "./sample-schema.ts";
import { openWorkspace } from "@moonlight-rl/pipeline";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "moonlight-runs-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** The files that `runs samples` reads, made by stages of the same names. */
async function publishRows<K extends "torch-dist" | "eval-result">(
  { scratch, publish }: StageContext,
  kind: K,
  file: string,
  rows: readonly object[],
) {
  const at = join(scratch, "out");
  await mkdir(at, { recursive: true });
  await writeFile(join(at, file), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return publish(kind, at);
}

const rollout = {
  type: "sample",
  phase: "rollout",
  prompt: "1 + 1 = ?",
  label: "2",
  truncated: false,
};
const train = defineStage({
  name: "train",
  from: import.meta.url,
  input: z.object({}),
  output: z.object({ checkpoint: artifact("torch-dist") }),
  run: async (_, context) => ({
    checkpoint: await publishRows(context, "torch-dist", "history.ndjson", [
      { type: "metric", step: 0, values: { "rollout/raw_reward": 0.5 } },
      {
        ...rollout,
        step: 0,
        group: 0,
        index: 0,
        response: "\\boxed{2}",
        reward: 1,
        outcome: "correct",
      },
      {
        ...rollout,
        step: 0,
        group: 0,
        index: 1,
        response: "it is \\boxed{3}",
        reward: 0,
        outcome: "wrong",
      },
      {
        ...rollout,
        step: 1,
        group: 1,
        index: 0,
        response: "\u001B[2Jno box",
        reward: -1,
        outcome: "no_answer",
      },
      {
        ...rollout,
        phase: "eval",
        step: 1,
        group: 1,
        index: 0,
        response: "x",
        reward: 0,
        outcome: "wrong",
      },
    ]),
  }),
});
const evaluated = defineStage({
  name: "eval",
  from: import.meta.url,
  input: z.object({}),
  output: z.object({ result: artifact("eval-result") }),
  run: async (_, context) => ({
    result: await publishRows(context, "eval-result", "samples.ndjson", [
      {
        problem: 0,
        sample: 0,
        prompt: "p",
        response: "so 41, no, 42",
        tokens: 5,
        truncated: false,
        label: 42,
        reward: 1,
        outcome: "correct",
        extracted: "42",
      },
    ]),
  }),
});
const pipeline = definePipeline({
  name: "samples",
  params: z.object({}),
  async run(stage) {
    await stage(train, {});
    await stage(evaluated, {}, { id: "eval-base" });
  },
});

async function moonlight(
  ...argv: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  let [stdout, stderr] = ["", ""];
  const all = [...argv, "--workspace", join(folder, "ws")];
  const code = await runCli(await createProgram("1.2.3", all), all, {
    stdout: { write: (text) => (stdout += text), columns: 60 },
    stderr: { write: (text) => (stderr += text) },
    env: {},
  });
  return { code, stdout, stderr };
}

describe("moonlight runs samples", () => {
  beforeAll(async () => {
    await runPipeline(pipeline, {}, { workspace: join(folder, "ws") });
  });

  it("lists rollouts and evaluation samples within the screen, without control characters", async () => {
    const { stdout } = await moonlight("runs", "samples");
    const ids = stdout.split("\n").map((line) => line.split(" ")[0]);
    expect(ids.slice(1, 5)).toEqual(["train/0", "train/1", "train/2", "eval-base/0"]);
    expect(stdout).toContain("\\x1b[2Jno box");
    expect(
      Math.max(
        ...stdout
          .split("\n")
          .slice(0, 5)
          .map((line) => line.length),
      ),
    ).toBeLessThan(61);
  });

  it("filters by outcome, step and stage, and sorts", async () => {
    const rows = async (...argv: string[]): Promise<string[]> =>
      (await moonlight("runs", "samples", "--json", ...argv)).stdout
        .split("\n")
        .filter(Boolean)
        .map((line) => (JSON.parse(line) as RunSample).id);
    expect(await rows("--outcome", "wrong", "no_answer")).toEqual(["train/1", "train/2"]);
    expect(await rows("--stage", "eval-base")).toEqual(["eval-base/0"]);
    expect(await rows("--step", "1")).toEqual(["train/2"]);
    expect(await rows("--sort", "-reward", "--limit", "2")).toEqual(["train/2", "train/1"]);
    expect((await rows("--sort", "reward", "--limit", "1"))[0]).toMatch(/0$/);
  });

  it("shows one in full with what was graded", async () => {
    expect((await moonlight("runs", "samples", "--show", "train/1")).stdout).toContain(
      "\\boxed{⟦3⟧}",
    );
    const { stdout } = await moonlight("runs", "samples", "--show", "eval-base/0");
    expect(stdout).toContain("so 41, no, ⟦42⟧");
    const none = await moonlight("runs", "samples", "--show", "train/2");
    expect(none.stdout).toContain("No answer was found");
    const unknown = await moonlight("runs", "samples", "--show", "train/9");
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining("SAMPLE_UNKNOWN")]);
  });
});

describe("gradedSpan", () => {
  const sample = (response: string, extracted?: string | null): RunSample =>
    ({ response, ...(extracted === undefined ? {} : { extracted }) }) as RunSample;

  it.each([
    ["\\boxed{a{b}} \\boxed{\\frac{1}{2}}", undefined, "\\frac{1}{2}"],
    ["5 and 5", "5", "5"],
    ["\\boxed{7", undefined, undefined],
    ["\\boxed{7}", null, undefined],
  ])("of %s, extracted %s", (response, extracted, expected) => {
    const span = gradedSpan(sample(response, extracted));
    expect(span && response.slice(span.from, span.to)).toBe(expected);
  });
});

describe("runs compare and run --like", () => {
  it("names the recipe's field that set two runs apart, and repeats the first", async () => {
    const run = async (
      ...argv: string[]
    ): Promise<{ id: string; like?: { causes: unknown[] } }> => {
      const { stdout } = await moonlight("run", "--json", "--until", "rollout-config", ...argv);
      const { run: id, like } = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as {
        run: string;
        like?: { causes: unknown[] };
      };
      return { id, ...(like && { like }) };
    };
    const first = await run();
    const second = await run("--set", "optimizer.lr=0.125");
    const workspace = openWorkspace(join(folder, "ws"));
    const kept = await readFile(join(workspace.runs, second.id, "recipe.json"), "utf8");
    expect(JSON.parse(kept)).toMatchObject({ optimizer: { lr: 0.125 }, seed: 1234 });
    const comparison = await compareReports(workspace, first.id, second.id);
    expect(comparison.firstCause).toMatchObject({
      kind: "recipe",
      what: "optimizer.lr",
      now: "0.125",
    });
    expect(comparison.stages.map(({ state }) => state)).toEqual(["same", "same", "differs"]);
    expect(comparisonText(comparison)).toContain(
      "first cause: recipe optimizer.lr: 0.0003 → 0.125",
    );
    const shown = await moonlight("runs", "compare", first.id, second.id, "--json");
    expect(JSON.parse(shown.stdout)).toMatchObject({
      type: "run-comparison",
      firstCause: { what: "optimizer.lr" },
    });

    const { stdout } = await moonlight("run", "--json", "--like", second.id);
    const summary = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as {
      like: { causes: unknown[] };
    };
    expect(summary.like.causes).toEqual([]);
    const both = await moonlight("run", "--like", first.id, "--resume", first.id);
    expect([both.code, both.stderr]).toEqual([2, expect.stringContaining("RUN_FLAGS")]);
    const other = await moonlight("run", "--like", first.id, "--seed", "3");
    expect([other.code, other.stderr]).toEqual([2, expect.stringContaining("RESUME_PARAMS")]);
  });
});
