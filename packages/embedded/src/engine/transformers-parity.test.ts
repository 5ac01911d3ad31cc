import { existsSync, readdirSync, readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { parseHfConfig, type HfConfig } from "@moonlight-rl/model";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createSampler, createTrainer, parameterLayout } from "../index.ts";
import { readFloatTensors } from "../testing/float-tensors.ts";
import { logitsOf } from "../testing/logits.ts";

/**
 * Made by tools/interop/embedded/make_golden.py from transformers' DeepseekV3ForCausalLM in float32, one folder per variant
 * of the architecture: the committed ones, or those of another seed that `npm run interop -- embedded` has made just now.
 */
const live = process.env["DEEPSEEK_V3_GOLDEN"];
const GOLDEN =
  live === undefined ? new URL("../../golden/", import.meta.url) : pathToFileURL(`${live}/`);
const VARIANTS = readdirSync(GOLDEN, { withFileTypes: true })
  .filter(
    (entry) => entry.isDirectory() && existsSync(new URL(`${entry.name}/config.json`, GOLDEN)),
  )
  .map(({ name }) => name);

const samplesSchema = z.object({
  loss: z.number(),
  samples: z.array(
    z.object({ tokens: z.array(z.int()), promptLength: z.int(), logProbs: z.array(z.number()) }),
  ),
});

it("has every variant", () => {
  expect(VARIANTS).toEqual(
    expect.arrayContaining([
      "deepseek-v3",
      "everything",
      "groups",
      "q-lora",
      "tied-linear",
      "yarn",
    ]),
  );
});

describe.each(VARIANTS)("%s, against transformers' DeepseekV3ForCausalLM", (variant) => {
  const folder = new URL(`${variant}/`, GOLDEN);
  const json = (file: string): unknown => JSON.parse(readFileSync(new URL(file, folder), "utf8"));
  const config = parseHfConfig(json("config.json"));
  const { loss, samples } = samplesSchema.parse(json("samples.json"));
  const parameters = flat(config, new URL("model.safetensors", folder));

  it("gives the same logits after every token", async () => {
    const golden = readFloatTensors(new URL("logits.safetensors", folder));
    for (const [i, { tokens }] of samples.entries()) {
      const want = golden.get(`logits.${i}`) ?? new Float32Array(0);
      const got = await logitsOf(config, parameters, tokens);
      expect(got.length).toBe(tokens.length * config.vocab_size);
      expect(largestDifference(got, want)).toBeLessThan(1e-4);
    }
  });

  it("gives the same log-probs, loss, and gradient for every parameter", async () => {
    const trainer = await createTrainer({ config, parameters });
    const logProbs = await trainer.logProbs(samples, { temperature: 1 });
    const adam = {
      lr: 0,
      weightDecay: 0,
      adamBeta1: 0.5,
      adamBeta2: 0.999,
      adamEps: 1e-8,
      clipGrad: 0,
    };
    const metrics = await trainer.step(samples, { kind: "sft" }, adam);
    // After the first step Adam's first moment is (1 - beta1) times the gradient.
    const gradient = trainer.state().expAvg.map((value) => value / (1 - adam.adamBeta1));
    await trainer.close();

    samples.forEach((sample, i) => {
      const got = logProbs[i] ?? new Float32Array(0);
      expect(largestDifference(got, Float32Array.from(sample.logProbs))).toBeLessThan(1e-4);
    });
    expect(metrics["loss"]).toBeCloseTo(loss, 5);
    const want = flat(config, new URL("gradients.safetensors", folder));
    const errors = trainer.layout.entries
      .filter(({ trainable }) => trainable)
      .map(({ name, offset, size }) => ({
        name,
        error: distance(
          gradient.subarray(offset, offset + size),
          want.subarray(offset, offset + size),
        ),
      }));
    expect(errors.filter(({ error }) => !(error < 1e-3))).toEqual([]);
    expect(errors.length).toBeGreaterThan(30);
  });

  it("decodes from its cache with the log-probs that the trainer gives", async () => {
    const trainer = await createTrainer({ config, parameters });
    const sampler = await createSampler({ config, parameters });
    const prompts = samples.map(({ tokens, promptLength }) => tokens.slice(0, promptLength));
    const sampled = await sampler.generate({
      prompts,
      n: 2,
      temperature: 1,
      maxNewTokens: 20,
      stopTokenIds: [],
      seed: 5,
    });
    const sequences = sampled.map(({ promptIndex, tokens }) => {
      const prompt = prompts[promptIndex] ?? [];
      return { tokens: [...prompt, ...tokens], promptLength: prompt.length };
    });
    const scored = await trainer.logProbs(sequences, { temperature: 1 });
    await Promise.all([trainer.close(), sampler.close()]);
    sampled.forEach(({ logProbs }, i) => {
      expect(logProbs.length).toBe(20);
      const got = scored[i] ?? new Float32Array(0);
      expect(largestDifference(got, Float32Array.from(logProbs))).toBeLessThan(1e-4);
    });
  });
});

/** NaN where lengths differ. */
function largestDifference(got: Float32Array, want: Float32Array): number {
  return got.length === want.length
    ? got.reduce((most, value, i) => Math.max(most, Math.abs(value - (want[i] ?? NaN))), 0)
    : NaN;
}

/** L2 distance relative to the wanted norm; a wanted zero must be zero. */
function distance(got: Float32Array, want: Float32Array): number {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < want.length; i++) {
    difference += ((got[i] ?? NaN) - (want[i] ?? 0)) ** 2;
    norm += (want[i] ?? 0) ** 2;
  }
  return norm === 0 ? Math.sqrt(difference) : Math.sqrt(difference / norm);
}

/** A float32 safetensors file in the engine's parameter layout. */
function flat(config: HfConfig, file: URL): Float32Array {
  const tensors = readFloatTensors(file);
  const layout = parameterLayout(config);
  const values = new Float32Array(layout.total);
  for (const { name, offset, size } of layout.entries) {
    const tensor = tensors.get(name);
    if (tensor?.length !== size) throw new Error(`${name}: ${tensor?.length} values`);
    values.set(tensor, offset);
  }
  return values;
}
