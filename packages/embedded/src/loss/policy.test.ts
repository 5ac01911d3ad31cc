import { describe, expect, it } from "vitest";
import { z } from "zod";
import { Tape } from "../autodiff/tape.ts";
import { lossFeeds } from "../engine/loss-feeds.ts";
import type { GrpoLoss, TrainSample } from "../engine/types.ts";
import { Graph } from "../onnx/graph.ts";
import { floats, Session, tensor } from "../onnx/session.ts";
import { grpoGolden, perTokenSchema } from "../testing/grpo-golden.ts";
import { mismatchMetrics } from "./mismatch.ts";
import { policyInputs, policyLoss } from "./policy.ts";
import { tokenWeights } from "./token-weights.ts";

/** Names as the reference's arguments have them. */
const argsSchema = z.object({
  advantage_estimator: z.string(),
  use_rollout_logprobs: z.boolean(),
  entropy_coef: z.number(),
  use_opsm: z.boolean(),
  opsm_delta: z.number(),
  eps_clip: z.number(),
  eps_clip_high: z.number(),
  eps_clip_c: z.number().nullable(),
  use_tis: z.boolean(),
  tis_clip: z.number(),
  tis_clip_low: z.number(),
  calculate_per_token_loss: z.boolean(),
  use_kl_loss: z.boolean(),
  kl_loss_coef: z.number(),
  kl_loss_type: z.enum(["k1", "k2", "k3", "low_var_kl"]),
  use_unbiased_kl: z.boolean(),
});
const golden = grpoGolden(
  "policy",
  z.object({
    prompt: z.int(),
    inputs: z.object({
      new: perTokenSchema,
      old: perTokenSchema,
      rollout: perTokenSchema,
      reference: perTokenSchema,
      masks: perTokenSchema,
      advantages: perTokenSchema,
      entropy: perTokenSchema,
    }),
    defaults: argsSchema,
    cases: z.array(
      z.object({
        name: z.string(),
        args: argsSchema.partial(),
        loss: z.number(),
        metrics: z.record(z.string(), z.number()),
        logProbGradient: perTokenSchema,
        entropyGradient: perTokenSchema,
      }),
    ),
  }),
);

function lossOf(args: z.output<typeof argsSchema>): GrpoLoss {
  return {
    kind: "grpo",
    epsClip: args.eps_clip,
    epsClipHigh: args.eps_clip_high,
    epsClipC: args.eps_clip_c ?? undefined,
    klLossCoef: args.use_kl_loss ? args.kl_loss_coef : 0,
    klLossType: args.kl_loss_type,
    useUnbiasedKl: args.use_unbiased_kl,
    entropyCoef: args.entropy_coef,
    temperature: 1,
    ratio: args.advantage_estimator === "gspo" ? "sequence" : "token",
    opsmDelta: args.use_opsm ? args.opsm_delta : undefined,
    tis: args.use_tis ? { low: args.tis_clip_low, high: args.tis_clip } : undefined,
    perTokenLoss: args.calculate_per_token_loss,
  };
}

describe("policyLoss, against the reference's policy_loss_function", () => {
  it.each(golden.cases)("$name", async (recorded) => {
    const { inputs } = golden;
    const args = argsSchema.parse({ ...golden.defaults, ...recorded.args });
    const loss = lossOf(args);
    const samples = inputs.new.map((logProbs, i): TrainSample => ({
      tokens: Array.from({ length: golden.prompt + logProbs.length }, () => 0),
      promptLength: golden.prompt,
      oldLogProbs: Float32Array.from(
        (args.use_rollout_logprobs ? inputs.rollout : inputs.old)[i] ?? [],
      ),
      scoredLogProbs: Float32Array.from(inputs.old[i] ?? []),
      rolloutLogProbs: Float32Array.from(inputs.rollout[i] ?? []),
      refLogProbs: Float32Array.from(inputs.reference[i] ?? []),
      advantage: Float32Array.from(inputs.advantages[i] ?? []),
      lossMask: inputs.masks[i] ?? [],
    }));
    const scored = inputs.new.flatMap((logProbs, sample) =>
      logProbs.map((_, index) => ({ sample, index })),
    );
    const weights = tokenWeights(samples, args.calculate_per_token_loss);

    const tape = new Tape(new Graph());
    const { graph } = tape;
    const logProbs = tape.track(graph.input("logProbs", ["R"]));
    const entropy = tape.track(graph.input("entropy", ["R"]));
    const weight = graph.input("weight", ["R"]);
    const metrics = policyLoss(tape, { logProbs, entropy }, weight, policyInputs(tape), loss);
    for (const [name, value] of metrics) graph.output(name, value);
    for (const [name, value] of Object.entries({ logProbs, entropy }))
      graph.output(`d/${name}`, tape.gradient(value) ?? value);

    const flat = (rows: readonly number[][]) =>
      tensor(Float32Array.from(rows.flat()), [scored.length]);
    const { inverseTemperature: _, ...feeds } = lossFeeds(loss, samples, scored, weights);
    const session = await Session.create(graph, 1);
    const outputs = await session.run(
      { ...feeds, logProbs: flat(inputs.new), entropy: flat(inputs.entropy) },
      Object.fromEntries(graph.outputs.map(({ name }) => [name, null])),
    );
    const got: Record<string, number> = mismatchMetrics(samples, weights.weight, loss.tis);
    for (const name of metrics.keys()) got[name] = floats(outputs, name)[0] ?? NaN;

    for (const [name, want] of Object.entries({ ...recorded.metrics, loss: recorded.loss })) {
      expect(close(got[name], want), `${name}: ${got[name]} instead of ${want}`).toBe(true);
    }
    const gradients = {
      "d/logProbs": recorded.logProbGradient.flat(),
      "d/entropy": recorded.entropyGradient.flat(),
    };
    for (const [name, want] of Object.entries(gradients)) {
      const values = floats(outputs, name);
      want.forEach((value, token) =>
        expect(
          close(values[token], value),
          `${name}[${token}]: ${values[token]} for ${value}`,
        ).toBe(true),
      );
    }
    await session.close();
  });
});

/** To 1e-5 relatively, or 1e-7 of nothing. */
function close(got: number | undefined, want: number): boolean {
  return Math.abs((got ?? NaN) - want) <= 1e-5 * Math.abs(want) + 1e-7;
}
