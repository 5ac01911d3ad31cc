import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GenerateRequest, Sample } from "@moonlight-rl/embedded";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { gradingHere } from "../../fixtures/grading-here.ts";
import { makeProblem, type Problem } from "../data/problem.ts";
import type { Answer } from "../policy/answer.ts";
import { blockSeed, blocksOf } from "../policy/embedded-block.ts";
import { embeddedSource, type Engine } from "../policy/embedded-policy.ts";
import { resolveSettings, type Settings } from "../settings.ts";
import type { SampleFacts } from "./sample-facts.ts";
import { sampleProblems, type SamplingJob } from "./sample-problems.ts";

const STOP = 0;
let folder: string;
let journal: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "moonlight-eval-"));
  journal = join(folder, "journal.ndjson");
});
afterEach(() => rm(folder, { recursive: true }));

/** An engine whose tokens are code points, and whose answer is a function of seed, prompt and sample only. */
class CodePointEngine implements Engine {
  asked = 0;
  failAfter = Number.POSITIVE_INFINITY;

  readonly tokenizer: Engine["tokenizer"] = {
    stopTokenIds: [STOP],
    encode: (text) => Array.from(text, (character) => character.codePointAt(0) ?? 0),
    decode: (ids) => String.fromCodePoint(...ids),
    renderChat: (messages) => `${messages.map(({ content }) => content).join("")}>`,
  };

  openSampler(): ReturnType<Engine["openSampler"]> {
    return Promise.resolve({ generate: this.#generate, close: () => Promise.resolve() });
  }

  readonly #generate = (request: GenerateRequest): Promise<Sample[]> => {
    if (this.asked >= this.failAfter) throw new Error("power cut");
    this.asked++;
    return Promise.resolve(
      request.prompts.flatMap((_, promptIndex) =>
        Array.from({ length: request.n }, (_, sampleIndex): Sample => {
          const digit = (request.seed + promptIndex + sampleIndex) % 10;
          const cut = digit === 9;
          const text = cut ? "hm" : `\\boxed{${digit}}`;
          const tokens = [...this.tokenizer.encode(text), ...(cut ? [] : [STOP])];
          const sample: Sample = {
            promptIndex,
            sampleIndex,
            tokens,
            logProbs: tokens.map(() => 0),
            finishReason: cut ? "length" : "stop",
          };
          request.onSample?.(sample);
          return sample;
        }),
      ),
    );
  };
}

const N = 10;

function job(
  engine: CodePointEngine,
  changes: Partial<SamplingJob> = {},
  n = N,
  problemCount = 70,
): SamplingJob {
  const problems = Array.from({ length: problemCount }, (_, index): Problem =>
    makeProblem(index, index, `${index}?`, "3"),
  );
  const [settings] = resolveSettings({ nSamplesPerPrompt: n }, undefined) as [Settings];
  return {
    problems,
    requests: problems.flatMap(({ index }) =>
      Array.from({ length: n }, (_, sample) => ({ problem: index, sample })),
    ),
    policy: embeddedSource(engine).forSet({ problems, settings }),
    grading: gradingHere("math"),
    journal,
    signal: new AbortController().signal,
    ...changes,
  };
}

/** Runs a job and reads all answers back from the journal. */
async function sampled(given: SamplingJob): Promise<{ facts: SampleFacts[]; answers: Answer[] }> {
  const { facts, journal } = await sampleProblems(given);
  const answers = facts.map((request) => journal.readAnswer(request));
  journal.close();
  return { facts, answers };
}

describe("sampleProblems", () => {
  it("grades every sample once, in order", async () => {
    const engine = new CodePointEngine();
    const { facts, answers } = await sampled(job(engine));
    expect(facts.map(({ problem, sample }) => problem * N + sample)).toEqual(
      Array.from({ length: 70 * N }, (_, i) => i),
    );
    // Two blocks of problems, three of samples each.
    expect(engine.asked).toBe(6);
    for (const [i, { truncated, reward, outcome, tokens }] of facts.entries()) {
      const response = answers[i]?.response;
      expect(reward).toBe(response === "\\boxed{3}" ? 1 : 0);
      expect(outcome).toBe(truncated ? "truncated" : reward === 1 ? "correct" : "wrong");
      expect(tokens).toBe(truncated ? 2 : 10);
    }
  });

  it("gives a sample the same answer however many samples are taken", async () => {
    const { answers: all } = await sampled(job(new CodePointEngine()));
    for (const n of [1, 3, 4, 7]) {
      await rm(journal);
      const { answers } = await sampled(job(new CodePointEngine(), {}, n));
      expect(answers).toEqual(all.filter(({ sample }) => sample < n));
    }
  });

  it("goes on after a crash without asking again, with the same samples", async () => {
    const undisturbed = await sampled(
      job(new CodePointEngine(), { journal: join(folder, "other") }),
    );
    const first = new CodePointEngine();
    first.failAfter = 2;
    await expect(sampleProblems(job(first))).rejects.toThrow("power cut");
    // The crash also tore the line that was being written.
    await appendFile(journal, '{"problem":8,"sample":3');
    const second = new CodePointEngine();
    const seen = { resumed: 0, fresh: 0, known: 0 };
    const again = await sampled(
      job(second, {
        onResume: (count) => (seen.resumed = count),
        onSample: (_, fresh) => (fresh === undefined ? seen.known++ : seen.fresh++),
      }),
    );
    expect(again).toEqual(undisturbed);
    expect(second.asked).toBe(4);
    expect(seen).toEqual({ resumed: 64 * 8, fresh: 70 * N - 64 * 8, known: 64 * 8 });
  });

  it("needs no policy when all is on record, and grades nothing twice", async () => {
    const done = await sampled(job(new CodePointEngine()));
    const engine = new CodePointEngine();
    engine.openSampler = () => Promise.reject(new Error("not needed"));
    const grade = (): never => {
      throw new Error("not needed");
    };
    expect(await sampled(job(engine, { grading: { grade } }))).toEqual(done);
  });

  it("grades what was answered and not graded when it was killed", async () => {
    const done = await sampled(job(new CodePointEngine()));
    const lines = (await readFile(journal, "utf8")).split("\n");
    await writeFile(journal, `${lines.filter((line) => line.includes('"response"')).join("\n")}\n`);
    const engine = new CodePointEngine();
    expect(await sampled(job(engine))).toEqual(done);
    expect(engine.asked).toBe(0);
  });

  it("refuses a damaged journal instead of guessing", async () => {
    await sampled(job(new CodePointEngine()));
    const lines = (await readFile(journal, "utf8")).split("\n");
    const damages = [
      [lines[0], lines[0]],
      ["{}"],
      ["no JSON"],
      [lines.find((line) => line.includes('"reward"'))],
    ];
    for (const damaged of damages) {
      await writeFile(journal, [...damaged, ""].join("\n"));
      await expect(sampleProblems(job(new CodePointEngine()))).rejects.toMatchObject({
        code: "EVAL_JOURNAL_CORRUPT",
      });
    }
  });

  it("survives a cut at any byte of the journal", async () => {
    const done = await sampled(job(new CodePointEngine()));
    const size = (await readFile(journal)).length;
    for (const share of [0, 0.2, 0.34, 0.5, 0.7, 0.99]) {
      await truncate(journal, Math.floor(size * share));
      expect(await sampled(job(new CodePointEngine()))).toEqual(done);
    }
  });

  it("stops at the signal", async () => {
    const signal = AbortSignal.abort();
    await expect(sampleProblems(job(new CodePointEngine(), { signal }))).rejects.toMatchObject({
      code: "INTERRUPTED",
    });
  });
});

describe("blocks", () => {
  it("depend on problem and sample alone", () => {
    const requests = [
      { problem: 64, sample: 5 },
      { problem: 3, sample: 1 },
      { problem: 9, sample: 0 },
    ];
    expect(blocksOf(requests, 70)).toEqual([
      { problem: 0, sample: 0, samples: 2 },
      { problem: 64, sample: 4, samples: 2 },
    ]);
    const seeds = [
      [1, 0, 0],
      [1, 64, 0],
      [1, 0, 4],
      [2, 0, 0],
    ].map(([seed = 0, problem = 0, sample = 0]) =>
      blockSeed(seed, { problem, sample, samples: 1 }),
    );
    expect(new Set(seeds).size).toBe(4);
  });
});
