import {
  createSampler,
  createTrainer,
  initialParameters,
  parameterLayout,
  type TokenSequence,
} from "@moonlight-rl/embedded";
import { toFloat32, fromFloat32 } from "@moonlight-rl/checkpoint";
import type { HfConfig } from "@moonlight-rl/model";
import type { Tokenizer } from "@moonlight-rl/tokenizer";
import { pretrainingRows, type PretrainingRow } from "./data/pretraining.ts";
import { Random } from "./data/random.ts";
import { splitProblems } from "./data/split.ts";
import { measure, type Measurement } from "./measure.ts";

export interface PretrainSettings {
  readonly seed: number;
  /** Rows per optimizer step. */
  readonly batch: number;
  readonly maxSteps: number;
  readonly lr: number;
  readonly warmupSteps: number;
  readonly weightDecay: number;
  /** Share of rows with a realistic mistake for an answer. */
  readonly mistakeShare: number;
  /** Training ends once the sampled accuracy on problems outside of the corpus reaches this. */
  readonly targetAccuracy: number;
  /** Steps between looks at the accuracy. */
  readonly checkEvery: number;
}

export const PRETRAIN_SETTINGS: Omit<PretrainSettings, "seed"> = {
  batch: 64,
  maxSteps: 3000,
  lr: 2e-3,
  warmupSteps: 50,
  weightDecay: 0.01,
  mistakeShare: 0,
  targetAccuracy: 0.33,
  checkEvery: 10,
};

/** Spread of the expert biases. They are frozen in the recipe, so they are drawn once; a load-balanced model has such values. */
const EXPERT_BIAS_DEVIATION = 0.02;
/** Problems that decide when to stop: of the reinforcement-learning half, so neither pre-trained on nor evaluated. */
const VALIDATION_PROBLEMS = 400;
const SAMPLES_PER_PROBLEM = 4;

export interface PretrainResult {
  /** Flat, rounded to bfloat16. */
  readonly parameters: Float32Array;
  readonly steps: number;
  readonly rows: number;
  readonly finalLoss: number;
  readonly sampled: Measurement;
  readonly greedy: Measurement;
}

/** Supervised pre-training that stops early, when the model is right about a third of the time. Seeded. */
export async function pretrain(
  config: HfConfig,
  tokenizer: Tokenizer,
  settings: PretrainSettings,
  report: (line: string) => void,
): Promise<PretrainResult> {
  const { seed, batch, maxSteps, targetAccuracy, checkEvery } = settings;
  const { training, evaluation } = splitProblems(seed);
  const validation = training.slice(0, VALIDATION_PROBLEMS);
  const rows = pretrainingRows({
    seed,
    rows: batch * maxSteps,
    mistakeShare: settings.mistakeShare,
  });
  const parameters = startingParameters(config, seed);
  const trainer = await createTrainer({ config, parameters });
  const sampler = await createSampler({ config, parameters, maxBatch: 512 });
  try {
    let [step, loss, accuracy] = [0, NaN, 0];
    while (step < maxSteps && accuracy < targetAccuracy) {
      step++;
      const metrics = await trainer.step(
        rows.slice((step - 1) * batch, step * batch).map((row) => sequence(tokenizer, row)),
        { kind: "sft" },
        {
          lr: settings.lr * Math.min(1, step / settings.warmupSteps),
          weightDecay: settings.weightDecay,
          adamBeta1: 0.9,
          adamBeta2: 0.98,
          adamEps: 1e-8,
          clipGrad: 1,
        },
      );
      loss = metrics["loss"] ?? NaN;
      if (step % checkEvery !== 0) continue;
      sampler.setWeights(rounded(trainer.state().parameters));
      accuracy = (
        await measure(sampler, tokenizer, validation, { n: 1, temperature: 1, seed: step })
      ).accuracy;
      report(`step ${step}  loss ${loss.toFixed(3)}  accuracy ${(100 * accuracy).toFixed(1)} %`);
    }
    const final = rounded(trainer.state().parameters);
    sampler.setWeights(final);
    const look = (n: number, temperature: number): Promise<Measurement> =>
      measure(sampler, tokenizer, evaluation, { n, temperature, seed });
    return {
      parameters: final,
      steps: step,
      rows: step * batch,
      finalLoss: loss,
      sampled: await look(SAMPLES_PER_PROBLEM, 1),
      greedy: await look(1, 0),
    };
  } finally {
    await Promise.all([trainer.close(), sampler.close()]);
  }
}

function startingParameters(config: HfConfig, seed: number): Float32Array {
  const parameters = initialParameters(config, seed);
  const random = new Random("expert-bias", seed);
  for (const { trainable, offset, size } of parameterLayout(config).entries) {
    if (trainable) continue;
    for (let i = offset; i < offset + size; i++) {
      parameters[i] = EXPERT_BIAS_DEVIATION * (2 * random.uniform() - 1);
    }
  }
  return parameters;
}

function sequence(tokenizer: Tokenizer, { prompt, response }: PretrainingRow): TokenSequence {
  const promptTokens = tokenizer.encodeChat([{ role: "user", content: prompt }]);
  return {
    tokens: [...promptTokens, ...tokenizer.encode(`${response}<|im_end|>`)],
    promptLength: promptTokens.length,
  };
}

/** What the checkpoint holds: accuracies are measured on exactly these weights. */
function rounded(parameters: Float32Array): Float32Array {
  return toFloat32(fromFloat32(parameters, "BF16"), "BF16");
}
