import { readFileSync } from "node:fs";
import { join } from "node:path";
import { digestOf, hashFile } from "@moonlight-rl/core";
import { createSampler, loadParameters } from "@moonlight-rl/embedded";
import { assetsDirectory, MODEL } from "@moonlight-rl/tiny-moonlight";
import { loadTokenizer } from "@moonlight-rl/tokenizer";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { pretrainingRows } from "./data/pretraining.ts";
import { splitProblems } from "./data/split.ts";
import { measure } from "./measure.ts";
import { pretrain, PRETRAIN_SETTINGS } from "./pretrain.ts";
import { TINY_CONFIG, tinyConfig } from "./pretrain-config.ts";

const folder = join(assetsDirectory, "models", MODEL);
const measurement = z.object({ accuracy: z.number(), answered: z.number() });
const provenance = z
  .object({
    settings: z.object({ seed: z.int(), mistakeShare: z.number(), targetAccuracy: z.number() }),
    result: z.object({ rows: z.int(), sampled: measurement, greedy: measurement }),
    data: z.object({ sha256: z.record(z.string(), z.string()) }),
    files: z.array(z.object({ path: z.string(), sha256: z.string() })),
  })
  .parse(JSON.parse(readFileSync(join(folder, "provenance.json"), "utf8")));

describe("pretrain", () => {
  it("is seeded, and gives weights that survive bfloat16", async () => {
    const tokenizer = await loadTokenizer(folder);
    const run = async (seed: number): Promise<Float32Array> =>
      (
        await pretrain(
          { ...tinyConfig, num_hidden_layers: 2 },
          tokenizer,
          { ...PRETRAIN_SETTINGS, seed, maxSteps: 2, batch: 8, checkEvery: 100 },
          () => {},
        )
      ).parameters;
    const first = await run(3);
    expect(await run(3)).toEqual(first);
    const bits = new Uint32Array(first.buffer);
    expect(bits.every((value) => (value & 0xffff) === 0)).toBe(true);
  });
});

describe("the bundled checkpoint", () => {
  it("is the one that its provenance describes", async () => {
    for (const { path, sha256 } of provenance.files) {
      expect((await hashFile(join(folder, path))).sha256, path).toBe(sha256);
    }
    expect(JSON.parse(readFileSync(join(folder, "config.json"), "utf8"))).toEqual(TINY_CONFIG);
    const { seed, mistakeShare } = provenance.settings;
    const { pretraining, training, evaluation } = splitProblems(seed);
    const rows = pretrainingRows({ seed, rows: provenance.result.rows, mistakeShare });
    expect(provenance.data.sha256).toEqual({
      pretraining: digestOf(pretraining),
      training: digestOf(training),
      evaluation: digestOf(evaluation),
      rows: digestOf(rows),
    });
  });

  it("answers in the asked form, and is right about as often as its provenance says", async () => {
    const { config, parameters } = await loadParameters(folder);
    const sampler = await createSampler({ config, parameters, maxBatch: 512 });
    const { evaluation } = splitProblems(provenance.settings.seed);
    const settings = { n: 4, temperature: 1, seed: 99 };
    const now = await measure(sampler, await loadTokenizer(folder), evaluation, settings);
    await sampler.close();
    expect(now.answered).toBeGreaterThan(0.95);
    expect(now.accuracy).toBeGreaterThan(0.25);
    expect(now.accuracy).toBeLessThan(0.4);
    // Two sets of 2,000 draws: four standard errors of their difference.
    expect(Math.abs(now.accuracy - provenance.result.sampled.accuracy)).toBeLessThan(0.06);
  });
});
