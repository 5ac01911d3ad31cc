import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { parseHfConfig } from "@moonlight-rl/model";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createTrainer, parameterLayout } from "../index.ts";

/**
 * Made by tools/interop/embedded/make_golden.py from transformers' DeepseekV3ForCausalLM in float32: the committed one,
 * or one of another seed that `npm run interop -- embedded` has made just now.
 */
const live = process.env["DEEPSEEK_V3_GOLDEN"];
const GOLDEN =
  live === undefined
    ? new URL("../../golden/deepseek-v3/", import.meta.url)
    : pathToFileURL(`${live}/`);
const config = parseHfConfig(JSON.parse(readFileSync(new URL("config.json", GOLDEN), "utf8")));
const { loss, samples } = z
  .object({
    loss: z.number(),
    samples: z.array(
      z.object({ tokens: z.array(z.int()), promptLength: z.int(), logProbs: z.array(z.number()) }),
    ),
  })
  .parse(JSON.parse(readFileSync(new URL("samples.json", GOLDEN), "utf8")));

describe("against transformers' DeepseekV3ForCausalLM", () => {
  it("gives the same log-probs", async () => {
    const trainer = await createTrainer({ config, parameters: flat("model.safetensors") });
    const logProbs = await trainer.logProbs(samples, { temperature: 1 });
    await trainer.close();
    const differences = samples.flatMap((sample, i) =>
      sample.logProbs.map((want, t) => Math.abs(want - (logProbs[i]?.[t] ?? NaN))),
    );
    expect(Math.max(...differences)).toBeLessThan(1e-4);
  });

  it("gives the same loss, and the same gradient for every parameter", async () => {
    const trainer = await createTrainer({ config, parameters: flat("model.safetensors") });
    const adam = {
      lr: 0,
      weightDecay: 0,
      adamBeta1: 0.5,
      adamBeta2: 0.999,
      adamEps: 1e-8,
      clipGrad: 0,
    };
    const metrics = await trainer.step(samples, { kind: "sft" }, adam);
    expect(metrics["loss"]).toBeCloseTo(loss, 5);
    // After the first step Adam's first moment is (1 - beta1) times the gradient.
    const gradient = trainer.state().expAvg.map((value) => value / (1 - adam.adamBeta1));
    await trainer.close();
    const want = flat("gradients.safetensors");
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
    expect(errors.length).toBeGreaterThan(50);
  });
});

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
function flat(file: string): Float32Array {
  const bytes = readFileSync(new URL(file, GOLDEN));
  const headerSize = Number(bytes.readBigUInt64LE(0));
  const header = z
    .record(
      z.string(),
      z.object({ dtype: z.literal("F32"), data_offsets: z.tuple([z.int(), z.int()]) }),
    )
    .parse(
      Object.fromEntries(
        Object.entries(JSON.parse(bytes.toString("utf8", 8, 8 + headerSize)) as object).filter(
          ([name]) => name !== "__metadata__",
        ),
      ),
    );
  const layout = parameterLayout(config);
  const values = new Float32Array(layout.total);
  for (const { name, offset, size } of layout.entries) {
    const [begin, end] = header[name]?.data_offsets ?? [0, 0];
    expect(end - begin, name).toBe(size * 4);
    for (let i = 0; i < size; i++)
      values[offset + i] = bytes.readFloatLE(8 + headerSize + begin + 4 * i);
  }
  return values;
}
