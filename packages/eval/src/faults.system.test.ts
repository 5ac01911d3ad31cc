import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { withStage } from "@moonlight-rl/pipeline/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { chatAnswer, FaultyServer } from "../fixtures/faulty-server.ts";
import { gradingHere } from "../fixtures/grading-here.ts";
import { makeProblem } from "./data/problem.ts";
import type { Answer } from "./policy/answer.ts";
import { readSamples } from "./result/read-samples.ts";
import { readEvalResult } from "./result/read-result.ts";
import { sampleProblems, type SamplingJob } from "./sampling/sample-problems.ts";
import type { SampleFacts } from "./sampling/sample-facts.ts";
import { evaluate } from "./stage.ts";

const BIN = fileURLToPath(new URL("../bin/moonlight-eval.js", import.meta.url));
let folder: string;
let server: FaultyServer | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "moonlight-eval-"));
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  await rm(folder, { recursive: true });
});

/** Grades responses to one problem through everything behind the policy. */
async function graded(
  responses: readonly string[],
  job: Partial<SamplingJob> & { readonly truncated?: boolean; readonly label?: string } = {},
): Promise<SampleFacts[]> {
  const answers = responses.map((response, sample): Answer => ({
    problem: 0,
    sample,
    response,
    tokens: 1,
    truncated: job.truncated ?? false,
    finishReason: "stop",
  }));
  const { facts, journal } = await sampleProblems({
    problems: [makeProblem(0, 0, "?", job.label ?? "5")],
    requests: answers.map(({ problem, sample }) => ({ problem, sample })),
    policy: { answer: (_, { onAnswers }) => onAnswers(answers) },
    grading: gradingHere("math"),
    journal: join(folder, "journal.ndjson"),
    signal: new AbortController().signal,
    ...job,
  });
  journal.close();
  return facts;
}

const RIGHT = "\\boxed{5}";
const outcomes = (facts: readonly SampleFacts[]): string[] => facts.map(({ outcome }) => outcome);

describe("E1 a grader that hangs", () => {
  it("costs its deadline, and the sample is named for it", async () => {
    const grader = join(folder, "grader.mjs");
    await writeFile(
      grader,
      'export function grade({ response }) { while (response === "hang"); return 1; }',
    );
    const responses = ["right", "hang", "right"].map((response) => ({
      prompt: "?",
      label: "5",
      response,
    }));
    const file = join(folder, "responses.jsonl");
    await writeFile(file, responses.map((row) => JSON.stringify(row)).join("\n"));
    await withStage(evaluate, async (kit) => {
      const { result, summary } = await kit.run({
        responses: file,
        customRmPath: `${grader}#grade`,
        gradingTimeout: 0.3,
      });
      expect(summary.accuracy).toBeCloseTo(2 / 3);
      const found: unknown[] = [];
      for await (const { outcome, reward } of readSamples(join(result.path, "samples.ndjson"))) {
        found.push([outcome, reward]);
      }
      expect(found).toEqual([
        ["correct", 1],
        ["timed_out", 0],
        ["correct", 1],
      ]);
    });
  });
});

describe("E2 an exponential expression", () => {
  it("is graded without being computed", async () => {
    const facts = await graded([
      "\\boxed{9^{9^{9^9}}}",
      "\\boxed{9**9**9**9}",
      "\\boxed{10^{10^{10}}!}",
      RIGHT,
    ]);
    expect(facts.map(({ reward }) => reward)).toEqual([0, 0, 0, 1]);
  });
});

describe("E3 an answer of a megabyte", () => {
  it("is recorded, graded and told apart from others", async () => {
    const long = "1".repeat(1 << 20);
    const facts = await graded([
      `\\boxed{${long}}`,
      `\\boxed{${long}2}`,
      `${"x ".repeat(1 << 19)}${RIGHT}`,
    ]);
    expect(facts.map(({ reward }) => reward)).toEqual([0, 0, 1]);
    expect(facts[0]?.vote).not.toBe(facts[1]?.vote);
    expect(facts[0]?.vote?.length).toBeLessThan(100);
  });
});

describe("E4 what makes a regular expression backtrack for ever", () => {
  it("is read in one pass", async () => {
    const attacks = [
      "{".repeat(50_000),
      "\\frac".repeat(20_000),
      " ".repeat(100_000),
      "\\text{ ".repeat(20_000),
      ",000".repeat(20_000),
      "\\left(".repeat(20_000),
    ];
    const facts = await graded(attacks.map((attack) => `\\boxed{${attack}}`));
    expect(facts.every(({ reward }) => reward === 0)).toBe(true);
  });
});

describe("E5 what nobody can parse", () => {
  it("is wrong under its own name", async () => {
    const facts = await graded(["\\boxed{2x+*/1}", "\\boxed{2x}", "I do not know."], {
      label: "2x+1",
    });
    expect(outcomes(facts)).toEqual(["unparsable", "wrong", "no_answer"]);
  });
});

describe("E6 a truncated sample", () => {
  it("is no wrong answer unless it gave one", async () => {
    const facts = await graded(["Let us", RIGHT], { truncated: true });
    expect(outcomes(facts)).toEqual(["truncated", "correct"]);
  });
});

describe("E7 an evaluation that is killed", () => {
  it("asks for nothing twice that was on record, and ends as an undisturbed one", async () => {
    // Slow enough to be killed in the middle; what a sample is told depends on its seed alone.
    server = await FaultyServer.start({
      delayMs: () => 20,
      answer: ({ body }) => chatAnswer(`\\boxed{${Number(body["seed"]) % 7}}`),
    });
    const data = join(folder, "data");
    const rows = Array.from({ length: 25 }, (_, i) =>
      JSON.stringify({ prompt: `${i}?`, label: "3" }),
    );
    await mkdir(data);
    await writeFile(join(data, "set.jsonl"), rows.join("\n"));
    const run = (workspace: string, killAt?: number): Promise<number | null> =>
      new Promise((resolve) => {
        const command = [BIN, "--endpoint", server?.url ?? "", "--served-model", "m"];
        const what = ["--data", data, "--n-samples-per-prompt", "8", "--concurrency", "4"];
        const args = [...command, ...what, "--workspace", join(folder, workspace)];
        const child = spawn(process.execPath, args, { stdio: "ignore" });
        const watch = setInterval(() => {
          if (killAt !== undefined && (server?.answered.size ?? 0) >= killAt) child.kill("SIGKILL");
        }, 2);
        child.on("close", (code) => {
          clearInterval(watch);
          resolve(code);
        });
      });
    expect(await run("killed", 50)).toBeNull();
    const first = new Map(server.answered);
    expect(first.size).toBeLessThan(200);
    expect(await run("killed")).toBe(0);
    // All of the 200, and again only what was on its way when the process died.
    expect(server.answered.size).toBe(200);
    const again = [...server.answered].filter(([body, times]) => times > (first.get(body) ?? 1));
    expect(again.length).toBeLessThanOrEqual(4);
    server.answered.clear();
    expect(await run("calm")).toBe(0);
    expect(await resultFiles("killed")).toEqual(await resultFiles("calm"));
  });

  async function resultFiles(workspace: string): Promise<string[]> {
    const store = join(folder, workspace, "store");
    const [name = ""] = await readdir(store);
    return Promise.all(
      ["results.json", "samples.ndjson"].map((file) => readFile(join(store, name, file), "utf8")),
    );
  }
});

describe("E8 a sample that is there twice", () => {
  it("is refused, not counted twice", async () => {
    const responses = join(folder, "saved.jsonl");
    const row = { problem: 0, sample: 0, prompt: "?", label: "5", response: RIGHT };
    await writeFile(responses, `${JSON.stringify(row)}\n${JSON.stringify(row)}\n`);
    await withStage(evaluate, (kit) =>
      expect(kit.run({ responses })).rejects.toMatchObject({
        code: "EVAL_RESPONSES_INVALID",
        message: expect.stringContaining("line 2 is sample 0 of problem 0 again") as string,
      }),
    );
  });
});

describe("E9 an endpoint that fails or stalls for single samples", () => {
  it("is asked again until every sample is there once", async () => {
    server = await FaultyServer.start({
      answer: () => chatAnswer(RIGHT),
      fault: ({ number, attempt }) =>
        attempt > 1
          ? undefined
          : number % 3 === 0
            ? { status: 500 }
            : number % 3 === 1
              ? "hang"
              : undefined,
    });
    const endpoint = server.url;
    await withStage(evaluate, async (kit) => {
      const rows = Array.from({ length: 6 }, (_, i) =>
        JSON.stringify({ prompt: `${i}?`, label: "5" }),
      );
      const data = await kit.artifact("hf-dataset", { "set.jsonl": rows.join("\n") });
      const input = { endpoint, servedModel: "m", data, nSamplesPerPrompt: 2, requestTimeout: 0.3 };
      const { result, summary } = await kit.run(input);
      expect(summary.accuracy).toBe(1);
      const samples = [];
      for await (const { problem, sample } of readSamples(join(result.path, "samples.ndjson"))) {
        samples.push(2 * problem + sample);
      }
      expect(samples).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
      const logs = kit.events.flatMap((event) => (event.type === "log" ? [event.message] : []));
      expect(logs.join()).toMatch(/faults so far.*\d × HTTP 500/);
    });
  });
});

describe("E10 too few problems", () => {
  it("give an interval that says so, however many samples they have", async () => {
    await withStage(evaluate, async (kit) => {
      const evaluated = async (problems: number): Promise<{ low: number; high: number }> => {
        const responses = join(kit.folder, `saved-${problems}.jsonl`);
        const rows = Array.from({ length: problems }, (_, problem) => ({
          problem,
          prompt: `${problem}?`,
          label: "5",
          response: Array.from({ length: 64 }, (_, i) =>
            i % 2 === problem % 2 || problem === 0 ? RIGHT : "\\boxed{4}",
          ),
        }));
        await writeFile(responses, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
        const { result } = await kit.run({ responses });
        return (await readEvalResult(result.path)).accuracy.interval;
      };
      expect(await evaluated(1)).toMatchObject({ low: 0, high: 1, method: "none" });
      const few = await evaluated(3);
      expect(few.high - few.low).toBeGreaterThan(0.9);
      const warnings = kit.events.flatMap((event) =>
        event.type === "warning" ? [event.code] : [],
      );
      expect(warnings).toContain("EVAL_FEW_PROBLEMS");
    });
  });
});
