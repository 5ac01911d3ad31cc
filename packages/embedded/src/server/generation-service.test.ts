import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createSampler } from "../engine/sampler.ts";
import type { Sample, Sampler } from "../engine/types.ts";
import { initialParameters } from "../model/init.ts";
import { tinyConfig } from "../testing/tiny.ts";
import type { GenerationEvent, GenerationRequest } from "./generation.ts";
import { GenerationService, type Generation } from "./generation-service.ts";

const config = tinyConfig();
const parameters = initialParameters(config, 3);
let service: GenerationService;
let sampler: Sampler;

beforeAll(async () => {
  service = await GenerationService.start({
    config,
    parameters,
    maxConcurrency: 8,
    maxWaiting: 400,
  });
  sampler = await createSampler({ config, parameters });
});
afterAll(async () => {
  await service.close();
  await sampler.close();
});

function request(changes: Partial<GenerationRequest> = {}): GenerationRequest {
  return {
    prompt: [1, 2, 3],
    promptIndex: 0,
    n: 1,
    temperature: 0.9,
    topP: 1,
    topK: 0,
    maxNewTokens: 20,
    stopTokenIds: [0],
    seed: 5,
    topLogProbs: 0,
    promptLogProbs: false,
    ...changes,
  };
}

/** Requests that differ in everything. */
function mixed(count: number): GenerationRequest[] {
  return Array.from({ length: count }, (_, i) =>
    request({
      prompt: Array.from({ length: 1 + (i % 7) }, (_unused, at) => (i * 5 + at * 3) % 24),
      n: 1 + (i % 3),
      temperature: i % 5 === 0 ? 0 : 0.5 + (i % 4) / 4,
      topP: i % 2 === 0 ? 1 : 0.8,
      topK: i % 3 === 0 ? 6 : 0,
      maxNewTokens: 1 + ((i * 7) % 30),
      stopTokenIds: [i % 24],
      seed: 1000 + i,
    }),
  );
}

async function events(generation: Generation): Promise<GenerationEvent[]> {
  const found: GenerationEvent[] = [];
  for await (const event of generation) found.push(event);
  return found;
}

/** Tokens of each sample. */
function tokensOf(found: readonly GenerationEvent[], n: number): number[][] {
  const tokens = Array.from({ length: n }, (): number[] => []);
  for (const event of found) if (event.kind === "token") tokens[event.sample]?.push(event.token);
  return tokens;
}

async function alone({ prompt, ...settings }: GenerationRequest): Promise<Sample[]> {
  return await sampler.generate({ prompts: [prompt], ...settings });
}

describe("the generation service", () => {
  it("gives a request the same tokens in any company, those that the sampler gives it alone", async () => {
    const requests = mixed(60);
    // Two rounds in different orders, with requests that come while others run.
    const first = await Promise.all(requests.map((one) => events(service.generate(one))));
    const late = requests.toReversed().map(async (one, i) => {
      await new Promise((resolve) => setTimeout(resolve, i % 9));
      return await events(service.generate(one));
    });
    const second = (await Promise.all(late)).toReversed();
    for (const [i, one] of requests.entries()) {
      const expected = await alone(one);
      const tokens = expected.map((sample) => sample.tokens);
      expect(tokensOf(first[i] ?? [], one.n)).toEqual(tokens);
      expect(tokensOf(second[i] ?? [], one.n)).toEqual(tokens);
      const ends = (first[i] ?? []).flatMap((event) =>
        event.kind === "token" && event.finish !== undefined ? [[event.sample, event.finish]] : [],
      );
      expect(ends.toSorted(([a], [b]) => Number(a) - Number(b))).toEqual(
        expected.map((s) => [s.sampleIndex, s.finishReason]),
      );
    }
    expect(service.load).toBe(0);
  });

  it("scores tokens and prompt as the sampler does, with the most probable ones beside", async () => {
    const one = request({ prompt: [3, 1, 4, 1, 5, 9], topLogProbs: 3, promptLogProbs: true, n: 2 });
    const found = await events(service.generate(one));
    const [prompt, ...tokens] = found;
    const [expected] = await alone(one);
    const mine = tokens.filter((event) => event.kind === "token" && event.sample === 0);
    mine.forEach((event, at) => {
      if (event.kind !== "token") throw new Error("no token");
      expect(event.logProb).toBeCloseTo(expected?.logProbs[at] ?? NaN, 5);
      expect(event.top).toHaveLength(3);
      expect(event.top[0]?.logProb).toBeGreaterThanOrEqual(event.top[1]?.logProb ?? 0);
    });
    if (prompt?.kind !== "prompt") throw new Error("the prompt is not scored");
    expect(prompt.tokens.map(({ token }) => token)).toEqual([1, 4, 1, 5, 9]);
    // What follows [3, 1] is drawn from the distribution that scored the token after it.
    for (const [at, scored] of prompt.tokens.entries()) {
      const [top] = scored.top;
      const [greedy] = await alone({
        ...request({ prompt: one.prompt.slice(0, at + 1) }),
        maxNewTokens: 1,
        temperature: 0,
      });
      expect(top?.token).toBe(greedy?.tokens[0]);
    }
  });

  it("scores without generating", async () => {
    const found = await events(
      service.generate(request({ maxNewTokens: 0, promptLogProbs: true })),
    );
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ kind: "prompt", tokens: [{ token: 2 }, { token: 3 }] });
  });

  it("ends a request that its reader leaves, and others go on", async () => {
    const long = request({ maxNewTokens: 60, stopTokenIds: [] });
    const other = events(service.generate({ ...long, seed: 6 }));
    let seen = 0;
    for await (const event of service.generate({ ...long, n: 4 })) {
      expect(event.kind).toBe("token");
      if (++seen === 6) break;
    }
    const left = service.generate(long);
    left.abort();
    expect((await events(left)).length).toBe(0);
    expect(tokensOf(await other, 1)).toEqual(
      (await alone({ ...long, seed: 6 })).map(({ tokens }) => tokens),
    );
    expect(service.load).toBe(0);
  });

  it("refuses what it cannot do by field, and more than it will hold", () => {
    const refused: [Partial<GenerationRequest>, string][] = [
      [{ prompt: [] }, "prompt"],
      [{ prompt: [24] }, "prompt"],
      [{ prompt: [1.5] }, "prompt"],
      [{ n: 0 }, "n"],
      [{ n: 409 }, "n"],
      [{ temperature: NaN }, "temperature"],
      [{ topP: 0 }, "topP"],
      [{ topK: 0.5 }, "topK"],
      [{ seed: 2 ** 60 }, "seed"],
      [{ maxNewTokens: 62 }, "maxNewTokens"],
      [{ stopTokenIds: [-1] }, "stopTokenIds"],
      [{ topLogProbs: 1000 }, "topLogProbs"],
    ];
    for (const [changes, field] of refused) {
      expect(() => service.generate(request(changes))).toThrow(
        expect.objectContaining({ code: "GENERATION_INVALID", field }) as Error,
      );
    }
    const held = service.generate(request({ n: 400, maxNewTokens: 60 }));
    expect(() => service.generate(request({ n: 9 }))).toThrow(
      expect.objectContaining({ code: "GENERATION_QUEUE_FULL", exitCode: 75 }) as Error,
    );
    held.abort();
    expect(service.load).toBe(0);
  });

  it("leaves the event loop free while the engine works", async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const busy = Promise.all(mixed(60).map((one) => events(service.generate(one))));
    await busy;
    clearInterval(timer);
    expect(turns).toBeGreaterThan(3);
  });

  it("fails what is not complete when it closes", async () => {
    const short = await GenerationService.start({ config, parameters, threads: 1 });
    const found = events(short.generate(request({ n: 30, maxNewTokens: 60, stopTokenIds: [] })));
    await Promise.all([
      expect(found).rejects.toMatchObject({ code: "GENERATION_ENGINE_ENDED" }),
      short.close(),
    ]);
    expect(short.healthy).toBe(false);
    expect(() => short.generate(request())).toThrow("ended");
  });

  it("does not start with weights of another model", async () => {
    await expect(
      GenerationService.start({ config, parameters: parameters.slice(1) }),
    ).rejects.toMatchObject({ code: "ENGINE_PARAMETER_COUNT" });
  });
});
