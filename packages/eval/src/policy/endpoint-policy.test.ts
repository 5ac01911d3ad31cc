import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  chatAnswer,
  FaultyServer,
  type FaultyServerOptions,
  type Received,
} from "../../fixtures/faulty-server.ts";
import { gradingHere } from "../../fixtures/grading-here.ts";
import { makeProblem, type Problem } from "../data/problem.ts";
import type { EndpointOptions } from "../endpoint/endpoint-options.ts";
import { sampleProblems, type SamplingJob } from "../sampling/sample-problems.ts";
import { resolveSettings, type Settings } from "../settings.ts";
import { endpointSource, sampleSeed, type EndpointSourceOptions } from "./endpoint-policy.ts";
import type { PolicySource } from "./policy.ts";

let folder: string;
let server: FaultyServer | undefined;
let source: PolicySource | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "moonlight-eval-"));
});
afterEach(async () => {
  await source?.close();
  await server?.close();
  source = server = undefined;
  await rm(folder, { recursive: true });
});

const problems = (count: number): Problem[] =>
  Array.from({ length: count }, (_, i) => makeProblem(i, i, `${i} + 1 = ?`, `${i + 1}`));

const seedOf = (row: number, sample: number): number =>
  sampleSeed(1234, makeProblem(row, row, "any", "any"), sample);

/** Right in even samples, wrong in odd ones; the seed says which sample it is. */
function solve({ body }: Received): object {
  const { messages, seed } = body as { messages: { content: string }[]; seed: number };
  const number = Number.parseInt(messages[0]?.content ?? "", 10);
  return chatAnswer(`It is \\boxed{${number + 1 + (seed % 2)}}.`);
}

interface Run {
  readonly problems?: Problem[];
  readonly n?: number;
  readonly settings?: Partial<Settings>;
  readonly options?: Partial<EndpointOptions>;
  readonly source?: Partial<EndpointSourceOptions>;
  readonly job?: Partial<SamplingJob>;
}

async function start(options: Partial<FaultyServerOptions> = {}): Promise<FaultyServer> {
  return (server = await FaultyServer.start({ answer: solve, ...options }));
}

async function run(given: Run = {}): ReturnType<typeof sampleProblems> {
  const set = given.problems ?? problems(5);
  const n = given.n ?? 2;
  const [defaults] = resolveSettings({ nSamplesPerPrompt: n }, undefined);
  const settings = { ...defaults, ...given.settings } as Settings;
  source = endpointSource({
    tokenizer: undefined,
    ...given.source,
    endpoint: {
      url: server?.url ?? "",
      api: "openai-chat",
      model: "moonlight",
      apiKey: undefined,
      concurrency: 8,
      timeoutMs: 5000,
      attempts: 6,
      backoffMs: 1,
      sendSeed: true,
      extraBody: {},
      ...given.options,
    },
  });
  return sampleProblems({
    problems: set,
    requests: set.flatMap(({ index }) =>
      Array.from({ length: n }, (_, sample) => ({ problem: index, sample })),
    ),
    policy: source.forSet({ problems: set, settings }),
    grading: gradingHere("math"),
    journal: join(folder, "journal.ndjson"),
    signal: new AbortController().signal,
    ...given.job,
  });
}

describe("an endpoint", () => {
  it("is asked for each sample with a seed of its own that does not depend on n", async () => {
    const { received } = await start();
    const { facts, journal } = await run({ n: 3 });
    journal.close();
    expect(facts).toHaveLength(15);
    const bodies = received.map(({ body }) => body);
    expect(bodies[0]).toEqual({
      model: "moonlight",
      messages: [{ role: "user", content: "0 + 1 = ?" }],
      n: 1,
      temperature: 1,
      top_p: 1,
      max_tokens: 1024,
      seed: seedOf(0, 0),
      stream: false,
    });
    const seeds = new Set(bodies.map(({ seed }) => seed));
    expect(seeds.size).toBe(15);
    for (const { problem: index, sample, reward } of facts) {
      const seed = seedOf(index, sample);
      expect(seeds.has(seed)).toBe(true);
      expect(reward).toBe(seed % 2 === 0 ? 1 : 0);
    }
  });

  it("has every one of 2,000 concurrent samples exactly once, whatever it does", async () => {
    // Each try's fate hangs on its number alone: every fault there is, in about three tries of ten.
    const fault: FaultyServerOptions["fault"] = ({ number }) => {
      switch (number % 20) {
        case 1:
          return { status: 429, headers: { "retry-after": "0" } };
        case 4:
          return { status: 500, body: "out of memory" };
        case 7:
          return { status: 503 };
        case 10:
          return "drop";
        case 13:
          return "cut";
        case 16:
          return number < 100 ? "hang" : { text: "<html>" };
        default:
          return undefined;
      }
    };
    const { answered } = await start({
      fault,
      delayMs: ({ number }) => (number < 2000 ? 1000 : 5),
    });
    const faults = new Map<string, number>();
    const { facts, journal } = await run({
      problems: problems(250),
      n: 8,
      // Client and server share a processor here: 2,000 answers have to fit into the time even where others use it as well.
      options: { concurrency: 2000, timeoutMs: 10_000, attempts: 40 },
      source: {
        onFaults: (counts) => counts.forEach((count, label) => faults.set(label, count)),
      },
    });
    journal.close();
    expect(facts.map(({ problem, sample }) => problem * 8 + sample)).toEqual(
      Array.from({ length: 2000 }, (_, i) => i),
    );
    expect(answered.size).toBe(2000);
    expect(server?.mostUnderWay).toBeLessThanOrEqual(2000);
    for (const label of ["HTTP 429", "HTTP 500", "HTTP 503", "connection", "timeout", "no JSON"]) {
      expect(faults.get(label), label).toBeGreaterThan(0);
    }
    // Right or wrong as the seed says: no answer was given to another sample.
    for (const { problem, sample, reward } of facts) {
      const seed = seedOf(problem, sample);
      expect(reward).toBe(seed % 2 === 0 ? 1 : 0);
    }
  }, 180_000);

  it("is asked for as many at once as it may be", async () => {
    // Nobody gets an answer before all have asked.
    let release = (): void => undefined;
    const all = new Promise<void>((resolve) => (release = resolve));
    await start({
      hold: ({ number }) => {
        if (number === 1999) release();
        return all;
      },
    });
    const { facts, journal } = await run({
      problems: problems(500),
      n: 4,
      options: { concurrency: 2000, timeoutMs: 60_000 },
    });
    journal.close();
    expect(facts).toHaveLength(2000);
    expect(server?.mostUnderWay).toBe(2000);
  });

  it("asks for nothing again that is on record", async () => {
    const first = await start({
      fault: ({ number }) => (number >= 12 ? { status: 400, body: "bad" } : undefined),
    });
    await expect(
      run({ problems: problems(10), options: { concurrency: 1 } }),
    ).rejects.toMatchObject({ code: "EVAL_ENDPOINT_REFUSED" });
    const before = new Set(first.answered.keys());
    expect(before.size).toBe(12);
    await source?.close();
    await first.close();
    const second = await start();
    let resumed = 0;
    const { facts, journal } = await run({
      problems: problems(10),
      job: { onResume: (count) => (resumed = count) },
    });
    journal.close();
    expect(facts).toHaveLength(20);
    expect(resumed).toBe(12);
    expect(second.received).toHaveLength(8);
    expect([...second.answered.keys()].filter((body) => before.has(body))).toEqual([]);
  });

  it("says which samples nobody answers, after all the others have been", async () => {
    await start({
      fault: ({ body }) =>
        JSON.stringify(body).includes('"3 + 1 = ?"') ? { status: 500, body: "poison" } : undefined,
    });
    await expect(run()).rejects.toMatchObject({
      code: "EVAL_SAMPLES_MISSING",
      exitCode: 75,
      message: expect.stringMatching(/^2 of 10 samples .*problem 4, sample [01].*poison/) as string,
    });
    expect(server?.answered.size).toBe(8);
  });

  it("gives up soon when it answers nobody", async () => {
    await start({ fault: () => ({ status: 502 }) });
    await expect(run({ problems: problems(200) })).rejects.toMatchObject({
      code: "EVAL_ENDPOINT_FAILING",
      exitCode: 75,
    });
    expect(server?.received.length).toBeLessThan(200);
    await server?.close();
    server = undefined;
    await expect(
      run({ options: { url: "http://127.0.0.1:9", attempts: 2 } }),
    ).rejects.toMatchObject({
      code: "EVAL_ENDPOINT_FAILING",
      message: expect.stringContaining("ECONNREFUSED") as string,
    });
  });

  it.each([
    [401, "EVAL_ENDPOINT_DENIED"],
    [404, "EVAL_ENDPOINT_NOT_FOUND"],
    [307, "EVAL_ENDPOINT_REDIRECT"],
    [422, "EVAL_ENDPOINT_REFUSED"],
  ])("takes HTTP %i for an answer to all, and never shows the key", async (status, code) => {
    await start({
      fault: () => ({ status, headers: { location: "/" }, body: "key sk-secret-1 is bad" }),
    });
    const thrown = await run({ options: { apiKey: "sk-secret-1" } }).catch(
      (error: unknown) => error,
    );
    expect(thrown).toMatchObject({ code });
    expect((thrown as Error).message).toContain("[redacted] is bad");
    expect(server?.received.length).toBeLessThan(10);
    expect(server?.received[0]?.headers.authorization).toBe("Bearer sk-secret-1");
  });

  it("waits as long as it is asked to, and no longer than that makes sense", async () => {
    await start({
      fault: ({ attempt }) =>
        attempt === 1 ? { status: 429, headers: { "retry-after-ms": "120" } } : undefined,
    });
    const started = performance.now();
    const { journal } = await run({ n: 1 });
    journal.close();
    expect(performance.now() - started).toBeGreaterThan(100);
    await server?.close();
    await start({ fault: () => ({ status: 429, headers: { "retry-after": "86400" } }) });
    await rm(join(folder, "journal.ndjson"));
    await expect(run({ n: 1 })).rejects.toMatchObject({
      message: expect.stringContaining("come back in 86400 seconds") as string,
    });
  });

  it("refuses answers that are none of the API", async () => {
    await start({ answer: () => ({ choices: [] }) });
    await expect(run({ options: { attempts: 2 } })).rejects.toMatchObject({
      code: "EVAL_ENDPOINT_ANSWER",
      message: expect.stringContaining("choices") as string,
    });
  });

  it("stops at the signal", async () => {
    await start({ fault: () => "hang" });
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 50);
    await expect(run({ job: { signal: stop.signal } })).rejects.toMatchObject({
      code: "INTERRUPTED",
    });
  });

  it("says why a response ended", async () => {
    const answers = [
      chatAnswer("cut", "length"),
      chatAnswer("\\boxed{1}", "content_filter"),
      { choices: [{ message: { content: null, reasoning_content: "hm" }, finish_reason: "stop" }] },
      {
        choices: [{ message: { content: "x" }, finish_reason: null }],
        usage: { completion_tokens: 7 },
      },
    ];
    await start({ answer: ({ number }) => answers[number] ?? {} });
    const { facts, journal } = await run({
      problems: problems(4),
      n: 1,
      options: { concurrency: 1 },
      settings: { maxResponseLen: 7 },
    });
    const read = facts.map((request) => journal.readAnswer(request));
    journal.close();
    expect(read.map(({ finishReason, truncated }) => [finishReason, truncated])).toEqual([
      ["length", true],
      ["content_filter", false],
      ["stop", false],
      ["length", true],
    ]);
    expect(read[2]).toMatchObject({ response: "", reasoning: "hm", tokens: null });
  });
});

describe("the APIs", () => {
  const tokenizer = {
    stopTokenIds: [9],
    encode: (text: string) => Array.from(text, (character) => character.charCodeAt(0)),
    renderChat: (messages: readonly { content: string }[]) =>
      `<${messages.map(({ content }) => content).join("|")}>`,
  };

  it("sends SGLang token ids that we made", async () => {
    await start({
      answer: () => ({
        text: "\\boxed{1}",
        meta_info: { finish_reason: { type: "stop", matched: 9 }, completion_tokens: 4 },
      }),
    });
    const { facts, journal } = await run({
      problems: problems(1),
      n: 1,
      options: { api: "sglang", model: undefined, extraBody: { min_p: 0.1 } },
      settings: { topK: 5 },
      source: { tokenizer },
    });
    journal.close();
    expect(server?.received[0]?.path).toBe("/generate");
    expect(server?.received[0]?.body).toEqual({
      input_ids: tokenizer.encode("<0 + 1 = ?>"),
      sampling_params: {
        temperature: 1,
        top_p: 1,
        top_k: 5,
        max_new_tokens: 1024,
        skip_special_tokens: true,
        stop_token_ids: [9],
        sampling_seed: seedOf(0, 0),
        min_p: 0.1,
      },
      stream: false,
    });
    expect(facts[0]).toMatchObject({ reward: 1, tokens: 4, truncated: false });
  });

  it("sends completions the rendered text, and tries again when a generation was aborted", async () => {
    await start({
      answer: ({ attempt }) => ({
        choices: [{ text: "\\boxed{1}", finish_reason: attempt === 1 ? "abort" : "stop" }],
      }),
    });
    const { facts, journal } = await run({
      problems: problems(1),
      n: 1,
      options: { api: "openai-completions", sendSeed: false },
      source: { tokenizer },
    });
    journal.close();
    expect(server?.received[1]?.path).toBe("/v1/completions");
    expect(server?.received[1]?.body).toMatchObject({ prompt: "<0 + 1 = ?>", model: "moonlight" });
    expect(server?.received[1]?.body).not.toHaveProperty("seed");
    // Counted by us, as the server did not.
    expect(facts[0]).toMatchObject({ reward: 1, tokens: 9 });
  });

  it("needs a tokenizer where it has to render", async () => {
    await start();
    await expect(run({ options: { api: "sglang" } })).rejects.toMatchObject({
      code: "EVAL_TOKENIZER_MISSING",
    });
  });
});
