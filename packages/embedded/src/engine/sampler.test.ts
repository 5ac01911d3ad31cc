import { describe, expect, it } from "vitest";
import { initialParameters } from "../model/init.ts";
import { tinyConfig } from "../testing/tiny.ts";
import { createSampler } from "./sampler.ts";
import { createTrainer } from "./trainer.ts";
import type { GenerateRequest, Sample, Sampler } from "./types.ts";

const config = tinyConfig();
const parameters = initialParameters(config, 3);
const request: GenerateRequest = {
  prompts: [[1, 2, 3], [4, 5], [6, 7, 8, 9], [1, 2, 3], [10]],
  n: 4,
  temperature: 0.9,
  maxNewTokens: 40,
  stopTokenIds: [0],
  seed: 11,
};

async function withSampler<T>(
  use: (sampler: Sampler) => Promise<T>,
  options: { readonly maxBatch?: number; readonly parameters?: Float32Array } = {},
): Promise<T> {
  const sampler = await createSampler({ config, parameters, ...options });
  try {
    return await use(sampler);
  } finally {
    await sampler.close();
  }
}

describe("generate", () => {
  it("gives the log-probs that the trainer gives", async () => {
    const samples = await withSampler((sampler) => sampler.generate(request));
    const trainer = await createTrainer({ config, parameters });
    const scored = await trainer.logProbs(
      samples.map(({ promptIndex, tokens }) => {
        const prompt = request.prompts[promptIndex] ?? [];
        return { tokens: [...prompt, ...tokens], promptLength: prompt.length };
      }),
      { temperature: request.temperature },
    );
    await trainer.close();
    const differences = samples.flatMap(({ logProbs }, i) =>
      logProbs.map((value, t) => Math.abs(value - (scored[i]?.[t] ?? NaN))),
    );
    expect(Math.max(...differences)).toBeLessThan(1e-5);
    expect(samples.some(({ finishReason }) => finishReason === "stop")).toBe(true);
  });

  it("gives each sample the same tokens in any batch and in any company", async () => {
    const whole = await withSampler((sampler) => sampler.generate(request));
    const finished: Sample[] = [];
    const narrow = await withSampler(
      (sampler) => sampler.generate({ ...request, onSample: (sample) => finished.push(sample) }),
      { maxBatch: 3 },
    );
    const fewer = await withSampler((sampler) =>
      sampler.generate({ ...request, prompts: request.prompts.slice(0, 2), n: 2 }),
    );
    const tokens = (samples: readonly Sample[]): number[][] =>
      samples.map((sample) => sample.tokens);
    expect(tokens(narrow)).toEqual(tokens(whole));
    expect(tokens(fewer)).toEqual(
      tokens(whole.filter(({ promptIndex, sampleIndex }) => promptIndex < 2 && sampleIndex < 2)),
    );
    expect(
      new Set(finished.map(({ promptIndex, sampleIndex }) => `${promptIndex}/${sampleIndex}`)).size,
    ).toBe(20);
    expect(whole.map(({ promptIndex, sampleIndex }) => promptIndex * 4 + sampleIndex)).toEqual([
      ...whole.keys(),
    ]);
    // Equal prompts at different indices are different draws.
    expect(whole[0]?.tokens).not.toEqual(whole[12]?.tokens);
  });

  it("ends with the stop token or at the limit", async () => {
    const samples = await withSampler((sampler) =>
      sampler.generate({ ...request, maxNewTokens: 6 }),
    );
    for (const { tokens, finishReason } of samples) {
      expect(finishReason).toBe(tokens.at(-1) === 0 ? "stop" : "length");
      expect(tokens.slice(0, -1)).not.toContain(0);
      if (finishReason === "length") expect(tokens).toHaveLength(6);
    }
  });

  it("is greedy at temperature 0, and follows setWeights", async () => {
    const greedy = { ...request, temperature: 0, n: 2, maxNewTokens: 5 };
    const other = initialParameters(config, 4);
    const [mine, followed, theirs] = await Promise.all([
      withSampler((sampler) => sampler.generate(greedy)),
      withSampler(async (sampler) => {
        await sampler.generate(greedy);
        sampler.setWeights(other);
        return sampler.generate(greedy);
      }),
      withSampler((sampler) => sampler.generate(greedy), { parameters: other }),
    ]);
    expect(mine?.[0]?.tokens).toEqual(mine?.[1]?.tokens);
    expect(followed).toEqual(theirs);
    expect(followed).not.toEqual(mine);
    const topOne = await withSampler((sampler) =>
      sampler.generate({ ...greedy, temperature: 1, topK: 1 }),
    );
    expect(topOne.map(({ tokens }) => tokens)).toEqual(mine?.map(({ tokens }) => tokens));
  });

  it("stops at an abort and refuses bad requests by field", async () => {
    await withSampler(async (sampler) => {
      await expect(
        sampler.generate({ ...request, signal: AbortSignal.abort() }),
      ).rejects.toMatchObject({ code: "INTERRUPTED" });
      await expect(sampler.generate({ ...request, prompts: [[1], [99]] })).rejects.toMatchObject({
        code: "ENGINE_REQUEST_INVALID",
        field: "prompts.1",
      });
      await expect(sampler.generate({ ...request, topP: 0 })).rejects.toMatchObject({
        field: "topP",
      });
      expect(await sampler.generate({ ...request, prompts: [] })).toEqual([]);
    });
  });
});
