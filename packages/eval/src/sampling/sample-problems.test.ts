import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GenerateRequest, Sample } from "@moonlight-rl/embedded";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Problem } from "../data/problem.ts";
import { resolveSettings } from "../settings.ts";
import { batchSeed, problemsPerBatch } from "./batch.ts";
import type { Policy } from "./policy.ts";
import { sampleProblems, type SamplingJob } from "./sample-problems.ts";

const STOP = 0;
let folder: string;
let journal: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "moonlight-eval-"));
  journal = join(folder, "journal.ndjson");
});
afterEach(() => rm(folder, { recursive: true }));

/** A policy whose tokens are code points, and whose answer is a function of seed, prompt and sample only. */
class CodePointPolicy implements Policy {
  asked = 0;
  failAfter = Number.POSITIVE_INFINITY;

  readonly tokenizer: Policy["tokenizer"] = {
    stopTokenIds: [STOP],
    encode: (text) => Array.from(text, (character) => character.codePointAt(0) ?? 0),
    decode: (ids) => String.fromCodePoint(...ids),
    renderChat: (messages) => `${messages.map(({ content }) => content).join("")}>`,
    encodeChat: (messages) => this.tokenizer.encode(this.tokenizer.renderChat(messages)),
  };

  readonly sampler: Policy["sampler"] = {
    generate: (request: GenerateRequest): Promise<Sample[]> => {
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
    },
  };

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function job(policy: CodePointPolicy, changes: Partial<SamplingJob> = {}): SamplingJob {
  return {
    problems: Array.from({ length: 9 }, (_, index): Problem => ({
      index,
      prompt: `${index}?`,
      label: "3",
      digest: `${index}`,
    })),
    settings: resolveSettings({ nSamplesPerPrompt: 64 }, undefined),
    journal,
    openPolicy: () => Promise.resolve(policy),
    signal: new AbortController().signal,
    onBatch: () => undefined,
    onResponses: () => undefined,
    ...changes,
  };
}

describe("sampleProblems", () => {
  it("grades every sample once, in order", async () => {
    const policy = new CodePointPolicy();
    const samples = await sampleProblems(job(policy));
    expect(samples.map(({ problem, sample }) => problem * 64 + sample)).toEqual(
      Array.from({ length: 9 * 64 }, (_, i) => i),
    );
    expect(policy.asked).toBe(3);
    for (const { response, reward, outcome, truncated, prompt, problem, tokens } of samples) {
      expect(prompt).toBe(`${problem}?>`);
      expect(reward).toBe(response === "\\boxed{3}" ? 1 : 0);
      expect(outcome).toBe(truncated ? "truncated" : reward === 1 ? "correct" : "wrong");
      expect(tokens).toBe(truncated ? 2 : 10);
    }
  });

  it("goes on after a crash without asking again, with the same samples", async () => {
    const undisturbed = await sampleProblems(
      job(new CodePointPolicy(), { journal: join(folder, "other") }),
    );
    const first = new CodePointPolicy();
    first.failAfter = 2;
    await expect(sampleProblems(job(first))).rejects.toThrow("power cut");
    // The crash also tore the line that was being written.
    await appendFile(journal, '{"first":8,"samples":[{"problem":8');
    const second = new CodePointPolicy();
    const resumed: boolean[] = [];
    const samples = await sampleProblems(
      job(second, { onBatch: (_, fromJournal) => resumed.push(fromJournal) }),
    );
    expect(samples).toEqual(undisturbed);
    expect(resumed).toEqual([true, true, false]);
    expect(second.asked).toBe(1);
  });

  it("needs no policy when all is on record", async () => {
    const samples = await sampleProblems(job(new CodePointPolicy()));
    const again = await sampleProblems(
      job(new CodePointPolicy(), { openPolicy: () => Promise.reject(new Error("not needed")) }),
    );
    expect(again).toEqual(samples);
  });

  it("refuses a damaged journal instead of guessing", async () => {
    await sampleProblems(job(new CodePointPolicy()));
    const lines = (await readFile(journal, "utf8")).split("\n");
    await writeFile(journal, [lines[0], lines[0], ""].join("\n"));
    await expect(sampleProblems(job(new CodePointPolicy()))).rejects.toMatchObject({
      code: "EVAL_JOURNAL_CORRUPT",
    });
  });

  it("survives a cut at any byte of the journal", async () => {
    const samples = await sampleProblems(job(new CodePointPolicy()));
    const size = (await readFile(journal)).length;
    for (const share of [0, 0.2, 0.34, 0.5, 0.7, 0.99]) {
      await truncate(journal, Math.floor(size * share));
      expect(await sampleProblems(job(new CodePointPolicy()))).toEqual(samples);
    }
  });

  it("stops at the signal", async () => {
    const signal = AbortSignal.abort();
    await expect(sampleProblems(job(new CodePointPolicy(), { signal }))).rejects.toMatchObject({
      code: "INTERRUPTED",
    });
  });
});

describe("batches", () => {
  it("depend on the settings and the problem alone", () => {
    expect(problemsPerBatch(4)).toBe(64);
    expect(problemsPerBatch(1000)).toBe(1);
    expect(batchSeed(1, 0)).toBe(batchSeed(1, 0));
    expect(new Set([batchSeed(1, 0), batchSeed(1, 64), batchSeed(2, 0)]).size).toBe(3);
  });
});
