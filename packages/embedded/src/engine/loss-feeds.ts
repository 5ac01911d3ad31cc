import { correction } from "../loss/mismatch.ts";
import type { TokenWeights } from "../loss/token-weights.ts";
import { tensor, type Tensors } from "../onnx/session.ts";
import type { ScoredToken } from "./batch.ts";
import type { LossSettings, TrainSample } from "./types.ts";

/** Dual clipping that never takes effect: a loss this many times the advantage is beyond the clamp of the ratio. */
const NO_DUAL_CLIP = 1e30;

/** What the loss of a micro-batch reads beside the model's inputs, for its scored tokens in feed order. */
export function lossFeeds(
  loss: LossSettings,
  samples: readonly TrainSample[],
  scored: readonly ScoredToken[],
  { weight, share, countWeight }: TokenWeights,
): Tensors {
  const perToken = (pick: (token: ScoredToken) => number | undefined): Tensors[string] =>
    tensor(
      Float32Array.from(scored, (token) => pick(token) ?? 0),
      [scored.length],
    );
  const weights = perToken(({ sample, index }) => weight[sample]?.[index]);
  if (loss.kind === "sft") return { weight: weights, inverseTemperature: scalar(1) };
  const of = ({ sample }: ScoredToken): TrainSample => samples[sample] as TrainSample;
  return {
    weight: weights,
    inverseTemperature: scalar(1 / loss.temperature),
    oldLogProbs: perToken((token) => of(token).oldLogProbs?.[token.index]),
    refLogProbs: perToken((token) => of(token).refLogProbs?.[token.index]),
    advantage: perToken((token) => {
      const { advantage } = of(token);
      return typeof advantage === "object" ? advantage[token.index] : advantage;
    }),
    correction: perToken((token) => correction(of(token), token.index, loss.tis)),
    countWeight: perToken(({ sample }) => countWeight[sample]),
    share: perToken(({ sample, index }) => share[sample]?.[index]),
    ...sampleFeeds(scored),
    low: scalar(loss.epsClip),
    high: scalar(loss.epsClipHigh),
    dualClip: scalar(loss.epsClipC ?? NO_DUAL_CLIP),
    opsmDelta: scalar(loss.opsmDelta ?? 0),
    klCoef: scalar(loss.klLossCoef),
    entropyCoef: scalar(loss.entropyCoef),
  };
}

/** The samples of the micro-batch, numbered as they come. */
function sampleFeeds(scored: readonly ScoredToken[]): Tensors {
  const numbers = new Map<number, number>();
  const sample = BigInt64Array.from(scored, ({ sample: id }) => {
    const number = numbers.get(id) ?? numbers.size;
    numbers.set(id, number);
    return BigInt(number);
  });
  return {
    sample: tensor(sample, [sample.length]),
    sampleCount: tensor(BigInt64Array.of(BigInt(numbers.size)), [1]),
  };
}

function scalar(value: number): Tensors[string] {
  return tensor(Float32Array.of(value), []);
}
