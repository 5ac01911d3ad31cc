import { describe, expect, it } from "vitest";
import { initialParameters } from "../model/init.ts";
import { tinyConfig, tinySamples } from "../testing/tiny.ts";
import { createTrainer } from "./trainer.ts";
import type { GrpoLoss, LossSettings, OptimizerSettings, Trainer, TrainSample } from "./types.ts";

const config = tinyConfig();
const parameters = initialParameters(config, 3);
const adam: OptimizerSettings = {
  lr: 1e-3,
  weightDecay: 0.1,
  adamBeta1: 0.9,
  adamBeta2: 0.98,
  adamEps: 1e-8,
  clipGrad: 1,
};
const grpo: GrpoLoss = {
  kind: "grpo",
  epsClip: 0.2,
  epsClipHigh: 0.28,
  klLossCoef: 0.3,
  klLossType: "low_var_kl",
  entropyCoef: 0.05,
  temperature: 0.8,
};
/** Leaves the weights alone and Adam's first moment equal to half the gradient. */
const frozen: OptimizerSettings = { ...adam, lr: 0, weightDecay: 0, adamBeta1: 0.5, clipGrad: 0 };

async function withTrainer<T>(
  options: Partial<Parameters<typeof createTrainer>[0]>,
  use: (trainer: Trainer) => Promise<T>,
): Promise<T> {
  const trainer = await createTrainer({ config, parameters, ...options });
  try {
    return await use(trainer);
  } finally {
    await trainer.close();
  }
}

function gradientAt(
  flat: Float32Array,
  samples: readonly TrainSample[],
  loss: LossSettings,
): Promise<{ readonly gradient: Float32Array; readonly loss: number }> {
  return withTrainer({ parameters: flat }, async (trainer) => {
    const metrics = await trainer.step(samples, loss, frozen);
    return { gradient: trainer.state().expAvg.map((m) => 2 * m), loss: metrics["loss"] ?? NaN };
  });
}

describe("gradients", () => {
  // The expert bias decides the routing by a wide margin, so that no step of the differences changes it.
  const routed = parameters.slice();
  it.each<readonly [string, LossSettings]>([
    ["sft", { kind: "sft" }],
    ["grpo, low_var_kl", grpo],
    ["grpo, k1", { ...grpo, klLossType: "k1" }],
    ["grpo, k2", { ...grpo, klLossType: "k2" }],
    ["grpo, k3", { ...grpo, klLossType: "k3" }],
  ])("agree with finite differences: %s", async (_name, loss) => {
    await withTrainer({}, async (trainer) => {
      for (const { name, offset, size } of trainer.layout.entries) {
        if (name.endsWith("e_score_correction_bias")) {
          for (let i = 0; i < size; i++) routed[offset + i] = 10 * ((i * 3) % size);
        }
      }
      const samples = tinySamples(3, 4);
      const { gradient } = await gradientAt(routed, samples, loss);
      const lossAt = async (flat: Float32Array): Promise<number> => {
        trainer.load({
          parameters: flat,
          expAvg: new Float32Array(flat.length),
          expAvgSq: new Float32Array(flat.length),
          steps: 0,
        });
        return (await trainer.step(samples, loss, frozen))["loss"] ?? NaN;
      };
      const errors: string[] = [];
      for (const { name, offset, size, trainable } of trainer.layout.entries) {
        const part = gradient.subarray(offset, offset + size);
        const norm = Math.hypot(...part);
        if (!trainable || norm === 0) continue;
        // Along the gradient itself: the steepest direction has the best signal in float32.
        const step = 2e-2 / Math.max(1, norm);
        const moved = (sign: number): Float32Array => {
          const flat = routed.slice();
          part.forEach((value, i) => {
            flat[offset + i] = (flat[offset + i] ?? 0) + (sign * step * value) / norm;
          });
          return flat;
        };
        const slope = ((await lossAt(moved(1))) - (await lossAt(moved(-1)))) / (2 * step);
        if (!(Math.abs(slope - norm) <= 0.03 * norm + 2e-4)) {
          errors.push(`${name}: ${slope} by differences, ${norm} by the graph`);
        }
      }
      expect(errors).toEqual([]);
    });
  });
});

describe("a step", () => {
  it("is the same however the samples are split in micro-batches", async () => {
    const samples = tinySamples(5, 3);
    const [whole, split] = await Promise.all(
      [4096, 8].map((maxTokensPerMicroBatch) =>
        withTrainer({ maxTokensPerMicroBatch }, async (trainer) => ({
          metrics: await trainer.step(samples, grpo, { ...frozen }),
          gradient: trainer.state().expAvg,
        })),
      ),
    );
    expect(largestDifference(whole?.gradient, split?.gradient)).toBeLessThan(1e-6);
    for (const [name, value] of Object.entries(whole?.metrics ?? {})) {
      expect(split?.metrics[name], name).toBeCloseTo(value, 5);
    }
  });

  it("is the mean over samples of each sample's masked token mean", async () => {
    const [first, second] = tinySamples(1, 4).slice(2) as [TrainSample, TrainSample];
    const alone = await Promise.all([first, second].map((s) => gradientAt(parameters, [s], grpo)));
    const both = await gradientAt(parameters, [first, second], grpo);
    const mean = both.gradient.map(
      (_, i) => ((alone[0]?.gradient[i] ?? NaN) + (alone[1]?.gradient[i] ?? NaN)) / 2,
    );
    expect(largestDifference(both.gradient, mean)).toBeLessThan(1e-6);
    expect(both.loss).toBeCloseTo(((alone[0]?.loss ?? NaN) + (alone[1]?.loss ?? NaN)) / 2, 5);
  });

  it("gives bit-identical weights on every run, whatever the number of threads", async () => {
    const run = (threads: number): Promise<Float32Array> =>
      withTrainer({ threads }, async (trainer) => {
        for (let step = 0; step < 4; step++) {
          await trainer.step(tinySamples(4 + step, 3), grpo, adam);
        }
        return trainer.state().parameters;
      });
    const [first, again, other] = [await run(1), await run(1), await run(2)];
    expect(Buffer.compare(bytes(first), bytes(again))).toBe(0);
    expect(Buffer.compare(bytes(first), bytes(other))).toBe(0);
  });

  it("continues from a saved state bit for bit", async () => {
    const samples = tinySamples(3, 3);
    const state = await withTrainer({}, async (trainer) => {
      await trainer.step(samples, grpo, adam);
      const middle = trainer.state();
      await trainer.step(samples, grpo, adam);
      return { middle, end: trainer.state() };
    });
    const resumed = await withTrainer(
      { parameters: initialParameters(config, 8) },
      async (trainer) => {
        trainer.load(state.middle);
        await trainer.step(samples, grpo, adam);
        return trainer.state();
      },
    );
    expect(resumed.steps).toBe(2);
    expect(Buffer.compare(bytes(resumed.parameters), bytes(state.end.parameters))).toBe(0);
    expect(Buffer.compare(bytes(resumed.expAvgSq), bytes(state.end.expAvgSq))).toBe(0);
  });

  it("reports the policy loss of its formulas", async () => {
    const samples = tinySamples(3, 4);
    const logProbs = await withTrainer({}, (trainer) =>
      trainer.logProbs(samples, { temperature: grpo.temperature }),
    );
    const metrics = await withTrainer({}, (trainer) => trainer.step(samples, grpo, frozen));
    let [pgLoss, clipped, kl, low] = [0, 0, 0, 0];
    samples.forEach(
      ({ oldLogProbs = [], refLogProbs = [], advantage: each = 0, lossMask = [] }, i) => {
        const advantage = Number(each);
        const tokens = lossMask.reduce((sum, value) => sum + value, 0);
        logProbs[i]?.forEach((logProb, t) => {
          const weight = (lossMask[t] ?? NaN) / Math.max(tokens, 1) / samples.length;
          const delta = logProb - (oldLogProbs[t] ?? NaN);
          const ratio = Math.exp(delta);
          const other = Math.min(Math.max(ratio, 1 - grpo.epsClip), 1 + grpo.epsClipHigh);
          pgLoss += weight * Math.max(-ratio * advantage, -other * advantage);
          clipped += weight * Number(-other * advantage > -ratio * advantage);
          kl += weight * -delta;
          const x = logProb - (refLogProbs[t] ?? NaN);
          low += weight * Math.min(10, Math.exp(-x) - 1 + x);
        });
      },
    );
    expect(metrics["pg_loss"]).toBeCloseTo(pgLoss, 5);
    expect(metrics["pg_clipfrac"]).toBeCloseTo(clipped, 5);
    expect(metrics["ppo_kl"]).toBeCloseTo(kl, 5);
    expect(metrics["kl_loss"]).toBeCloseTo(low, 4);
    expect(metrics["loss"]).toBeCloseTo(
      (metrics["pg_loss"] ?? NaN) +
        grpo.klLossCoef * (metrics["kl_loss"] ?? NaN) -
        grpo.entropyCoef * (metrics["entropy_loss"] ?? NaN),
      4,
    );
    expect(metrics["lr"]).toBe(0);
  });

  it("learns: the cross-entropy of a few samples falls to almost nothing", async () => {
    const samples = tinySamples(4, 1).map(({ tokens, promptLength }) => ({ tokens, promptLength }));
    await withTrainer({}, async (trainer) => {
      let loss = NaN;
      for (let step = 0; step < 80; step++) {
        loss = (await trainer.step(samples, { kind: "sft" }, { ...adam, lr: 2e-2 }))["loss"] ?? NaN;
      }
      expect(loss).toBeLessThan(0.05);
    });
  });

  it("leaves the expert bias alone", async () => {
    await withTrainer({}, async (trainer) => {
      await trainer.step(tinySamples(3, 3), grpo, { ...adam, lr: 0.1 });
      const after = trainer.state().parameters;
      for (const { trainable, offset, size } of trainer.layout.entries) {
        if (!trainable)
          expect(after.slice(offset, offset + size)).toEqual(
            parameters.slice(offset, offset + size),
          );
      }
    });
  });
});

describe("refusals", () => {
  it.each<readonly [string, Record<string, unknown>]>([
    ["attention_bias", { attention_bias: true }],
    ["hidden_act", { hidden_act: "gelu" }],
    ["rope_interleave", { rope_interleave: false }],
    ["rope_scaling.type", { rope_scaling: { type: "longrope", factor: 4 } }],
    ["rope_scaling.factor", { rope_scaling: { type: "yarn", factor: -1 } }],
    ["n_group", { n_group: 4 }],
    ["topk_group", { n_group: 2, topk_group: 1, num_experts_per_tok: 3 }],
    ["num_experts_per_tok", { num_experts_per_tok: 5 }],
  ])("names %s", async (field, changes) => {
    await expect(createTrainer({ config: tinyConfig(changes), parameters })).rejects.toMatchObject({
      code: "ENGINE_MODEL_UNSUPPORTED",
      field,
    });
  });

  it("names the wrong number of parameters, a token out of range, and missing log-probs", async () => {
    await expect(createTrainer({ config, parameters: new Float32Array(3) })).rejects.toMatchObject({
      code: "ENGINE_PARAMETER_COUNT",
    });
    await withTrainer({}, async (trainer) => {
      const sample = { tokens: [1, 2, 24], promptLength: 1 };
      await expect(trainer.logProbs([sample], { temperature: 1 })).rejects.toMatchObject({
        code: "ENGINE_TOKEN_OUT_OF_RANGE",
      });
      await expect(
        trainer.step([{ tokens: [1, 2], promptLength: 1, advantage: 1 }], grpo, adam),
      ).rejects.toMatchObject({ code: "ENGINE_SAMPLE_INVALID", field: "samples.0.oldLogProbs" });
      await expect(
        trainer.step(tinySamples(1, 1), grpo, adam, AbortSignal.abort()),
      ).rejects.toMatchObject({ code: "INTERRUPTED" });
    });
  });
});

function bytes(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function largestDifference(a: Float32Array | undefined, b: Float32Array | undefined): number {
  return a === undefined
    ? NaN
    : a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b?.[i] ?? NaN))), 0);
}
