import { readFileSync } from "node:fs";
import { join } from "node:path";
import { assetsDirectory, MODEL } from "@moonlight-rl/tiny-moonlight";
import { expect, it } from "vitest";
import { z } from "zod";
import { createTrainer, loadParameters } from "../index.ts";
import { logitsOf } from "../testing/logits.ts";

/** Made by tools/interop/embedded/make_tiny_golden.py from transformers in float32, on the checkpoint that is bundled. */
const golden = z
  .object({
    loss: z.number(),
    samples: z.array(
      z.object({
        tokens: z.array(z.int()),
        promptLength: z.int(),
        logProbs: z.array(z.number()),
        lastLogits: z.array(z.number()),
      }),
    ),
    /** Per parameter the gradient's norm and Σ gᵢ·cos(i). */
    gradients: z.record(z.string(), z.tuple([z.number(), z.number()])),
  })
  .parse(
    JSON.parse(
      readFileSync(new URL("../../golden/tiny-moonlight.json", import.meta.url), "utf8"),
    ) as unknown,
  );
const { config, parameters } = await loadParameters(join(assetsDirectory, "models", MODEL));

it("gives transformers' logits of the tiny checkpoint", async () => {
  for (const { tokens, lastLogits } of golden.samples) {
    const last = (await logitsOf(config, parameters, tokens)).slice(-config.vocab_size);
    expect(largestDifference(last, lastLogits)).toBeLessThan(1e-4);
  }
});

it("gives transformers' log-probs, loss and gradients of the tiny checkpoint", async () => {
  const trainer = await createTrainer({ config, parameters });
  const logProbs = await trainer.logProbs(golden.samples, { temperature: 1 });
  const adam = {
    lr: 0,
    weightDecay: 0,
    adamBeta1: 0.5,
    adamBeta2: 0.9,
    adamEps: 1e-8,
    clipGrad: 0,
  };
  const { loss } = await trainer.step(golden.samples, { kind: "sft" }, adam);
  // After the first step Adam's first moment is half the gradient.
  const gradient = trainer.state().expAvg.map((value) => 2 * value);
  const trainable = trainer.layout.entries.filter((entry) => entry.trainable);
  await trainer.close();

  golden.samples.forEach((sample, i) => {
    expect(largestDifference(logProbs[i] ?? [], sample.logProbs)).toBeLessThan(1e-4);
  });
  expect(loss).toBeCloseTo(golden.loss, 5);
  expect(trainable.map(({ name }) => name).toSorted()).toEqual(Object.keys(golden.gradients));
  const wrong = trainable.filter(({ name, offset, size }) => {
    const [norm, projection] = golden.gradients[name] ?? [NaN, NaN];
    let squares = 0;
    let sum = 0;
    for (let i = 0; i < size; i++) {
      const value = gradient[offset + i] ?? NaN;
      squares += value ** 2;
      sum += value * Math.cos(i);
    }
    const error = Math.max(Math.abs(Math.sqrt(squares) - norm), Math.abs(sum - projection));
    return !(error <= 1e-3 * norm + 1e-9);
  });
  expect(wrong.map(({ name }) => name)).toEqual([]);
});

function largestDifference(got: ArrayLike<number>, want: readonly number[]): number {
  return got.length === want.length
    ? want.reduce((most, value, i) => Math.max(most, Math.abs((got[i] ?? NaN) - value)), 0)
    : NaN;
}
