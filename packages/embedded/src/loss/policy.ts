import type { Tape } from "../autodiff/tape.ts";
import type { GrpoLoss } from "../engine/types.ts";
import type { Value } from "../onnx/graph.ts";
import { MAX_LOG_RATIO } from "./kl-estimate.ts";
import { approximateKl, tokenMath, type TokenMath } from "./kl.ts";
import { sampleSums } from "./sample-sums.ts";
import type { TokenScores } from "./token-log-probs.ts";

/** Unclamped ratios of the reference are finite here, so that a masked token's weight of 0 leaves nothing of them. */
const MAX_EXPONENT = 80;

/** Inputs of the policy loss, [R] each unless said otherwise. */
export interface PolicyInputs {
  readonly oldLogProbs: Value;
  readonly refLogProbs: Value;
  readonly advantage: Value;
  /** Factor on the policy term alone (truncated importance sampling); ones without it. */
  readonly correction: Value;
  /** What a token adds to a mean over samples of counts per counted token, masked tokens included. */
  readonly countWeight: Value;
  /** Scalars. */
  readonly low: Value;
  readonly high: Value;
  readonly dualClip: Value;
  readonly opsmDelta: Value;
  readonly klCoef: Value;
  readonly entropyCoef: Value;
}

export function policyInputs(tape: Tape): PolicyInputs {
  const { graph } = tape;
  const perToken = (name: string): Value => graph.input(name, ["R"]);
  const scalar = (name: string): Value => graph.input(name, []);
  return {
    oldLogProbs: perToken("oldLogProbs"),
    refLogProbs: perToken("refLogProbs"),
    advantage: perToken("advantage"),
    correction: perToken("correction"),
    countWeight: perToken("countWeight"),
    low: scalar("low"),
    high: scalar("high"),
    dualClip: scalar("dualClip"),
    opsmDelta: scalar("opsmDelta"),
    klCoef: scalar("klCoef"),
    entropyCoef: scalar("entropyCoef"),
  };
}

/** The settings that change the graph; the others are inputs. */
export type PolicyShape = Pick<
  GrpoLoss,
  "klLossType" | "ratio" | "useUnbiasedKl" | "opsmDelta" | "tis"
>;

/** What decides about reusing a graph. */
export function policyShapeKey(shape: PolicyShape): string {
  const { klLossType, ratio, useUnbiasedKl, opsmDelta, tis } = shape;
  return [
    klLossType,
    ratio ?? "token",
    useUnbiasedKl === true,
    opsmDelta != null,
    tis != null,
  ].join("/");
}

/**
 * The clipped policy loss with its KL and entropy terms (miles loss_hub/losses.py policy_loss_function). Seeds the gradients
 * of log-probs and entropy; returns the metrics by name, each Σ weight·x.
 */
export function policyLoss(
  tape: Tape,
  scores: TokenScores,
  weight: Value,
  inputs: PolicyInputs,
  shape: PolicyShape,
): ReadonlyMap<string, Value> {
  const { graph } = tape;
  const math = tokenMath(tape);
  const { op, number, compare } = math;
  const sums = sampleSums(tape);
  const sumOf = (x: Value, by: Value = weight): Value =>
    graph.node("ReduceSum", [op("Mul", by, x)], [1], { attributes: { keepdims: 1 } });

  const delta = op("Sub", scores.logProbs, inputs.oldLogProbs);
  const bySample = shape.ratio === "sequence";
  const logRatio = bySample ? sums.mean(delta) : delta;
  const clip = clippedLoss(math, logRatio, inputs);
  const dropped =
    shape.opsmDelta == null
      ? undefined
      : op(
          "Mul",
          compare("Less", inputs.advantage, number(0)),
          compare("Greater", op("Neg", sums.mean(delta)), inputs.opsmDelta),
        );
  const factor =
    dropped === undefined
      ? inputs.correction
      : op("Mul", inputs.correction, op("Sub", number(1), dropped));
  const pg = op("Mul", clip.value, factor);
  const byRatio = op("Mul", op("Mul", clip.slope, factor), weight);
  const pgGradient = bySample ? op("Mul", sums.total(byRatio), sums.share) : byRatio;

  const kl = approximateKl(
    math,
    op("Sub", scores.logProbs, inputs.refLogProbs),
    shape.klLossType,
    shape.useUnbiasedKl === true ? op("Exp", math.clamp(delta, MAX_EXPONENT)) : undefined,
  );
  const klGradient = op("Mul", op("Mul", kl.slope, inputs.klCoef), weight);
  tape.add(scores.logProbs, op("Add", pgGradient, klGradient));
  tape.add(scores.entropy, op("Mul", op("Neg", inputs.entropyCoef), weight));

  const loss = op(
    "Add",
    op("Sub", pg, op("Mul", scores.entropy, inputs.entropyCoef)),
    op("Mul", kl.value, inputs.klCoef),
  );
  return new Map([
    ["loss", sumOf(loss)],
    ["pg_loss", sumOf(pg)],
    ["entropy_loss", sumOf(scores.entropy)],
    ["pg_clipfrac", sumOf(clip.clipped)],
    ["ppo_kl", sumOf(op("Neg", logRatio))],
    ["ess_ratio", sumOf(effectiveShare(math, sums, logRatio))],
    ["kl_loss", sumOf(kl.value)],
    ...(shape.tis == null
      ? []
      : ([["ois", sumOf(op("Exp", math.clamp(logRatio, MAX_EXPONENT)))]] as const)),
    ...(dropped === undefined
      ? []
      : ([["opsm_clipfrac", sumOf(dropped, inputs.countWeight)]] as const)),
  ]);
}

/** PPO's clipped loss per token, its slope by the log-ratio, and 1 where the clip decides (compute_policy_loss). */
function clippedLoss(
  { op, number, compare, clamp, within }: TokenMath,
  logRatio: Value,
  { advantage, low, high, dualClip }: PolicyInputs,
): Record<"value" | "slope" | "clipped", Value> {
  const ratio = op("Exp", clamp(logRatio, MAX_LOG_RATIO));
  const negative = op("Neg", advantage);
  const free = op("Mul", ratio, negative);
  const clipped = op(
    "Mul",
    op("Clip", ratio, op("Sub", number(1), low), op("Add", number(1), high)),
    negative,
  );
  const larger = op("Max", free, clipped);
  // Where the clipped branch is larger its slope is zero; where both agree the slope is the free one's.
  const slope = op(
    "Mul",
    op("Mul", free, compare("GreaterOrEqual", free, clipped)),
    within(logRatio, MAX_LOG_RATIO),
  );
  // Dual clip: with a negative advantage the loss is at most c·|A|.
  const cap = op("Mul", dualClip, negative);
  const capped = op("Mul", compare("Less", advantage, number(0)), compare("Less", cap, larger));
  const open = op("Sub", number(1), capped);
  return {
    value: op("Add", op("Mul", larger, open), op("Mul", cap, capped)),
    slope: op("Mul", slope, open),
    clipped: compare("Greater", clipped, free),
  };
}

/** (Σ w)² ÷ (n·Σ w²) of each sample's ratios w: 1 on policy, near 0 when few tokens carry all (compute_ess_ratio_contribution). */
function effectiveShare(
  { op, number, clamp }: TokenMath,
  sums: ReturnType<typeof sampleSums>,
  logRatio: Value,
): Value {
  const ratio = op("Exp", clamp(logRatio, MAX_LOG_RATIO));
  const first = sums.mean(ratio);
  const second = sums.mean(op("Mul", ratio, ratio));
  return op("Div", op("Mul", first, first), op("Max", second, number(1e-8)));
}
