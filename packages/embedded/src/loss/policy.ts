import type { GrpoLoss } from "../engine/types.ts";
import type { Value } from "../onnx/graph.ts";
import type { Tape } from "../autodiff/tape.ts";
import type { TokenScores } from "./token-log-probs.ts";

/** Inputs of the policy loss, [R] each unless said otherwise. */
export interface PolicyInputs {
  readonly oldLogProbs: Value;
  readonly refLogProbs: Value;
  readonly advantage: Value;
  /** Scalars. */
  readonly low: Value;
  readonly high: Value;
  readonly klCoef: Value;
  readonly entropyCoef: Value;
}

export function policyInputs(tape: Tape): PolicyInputs {
  const { graph } = tape;
  return {
    oldLogProbs: graph.input("oldLogProbs", ["R"]),
    refLogProbs: graph.input("refLogProbs", ["R"]),
    advantage: graph.input("advantage", ["R"]),
    low: graph.input("low", []),
    high: graph.input("high", []),
    klCoef: graph.input("klCoef", []),
    entropyCoef: graph.input("entropyCoef", []),
  };
}

/** Log-ratios beyond this are clamped before exponentiation, as the reference does. */
const MAX_LOG_RATIO = 20;
/** `low_var_kl` values beyond this are clamped. */
const MAX_LOW_VAR_KL = 10;

/**
 * The clipped policy loss with its KL and entropy terms (miles `compute_policy_loss`, `compute_approx_kl`).
 * Seeds the gradients of log-probs and entropy; returns the metrics by name, each Σ weight·x.
 */
export function policyLoss(
  tape: Tape,
  scores: TokenScores,
  weight: Value,
  inputs: PolicyInputs,
  klLossType: GrpoLoss["klLossType"],
): ReadonlyMap<string, Value> {
  const { graph } = tape;
  const op = (name: string, ...values: Value[]): Value => graph.node(name, values, ["R"]);
  const number = (value: number): Value => graph.scalar(value);
  const indicator = (condition: Value): Value =>
    graph.node("Cast", [condition], ["R"], { attributes: { to: 1 } });
  const compare = (name: string, a: Value, b: Value): Value =>
    indicator(graph.node(name, [a, b], ["R"], { type: "bool" }));
  const within = (x: Value, limit: number): Value =>
    compare("LessOrEqual", op("Abs", x), number(limit));
  const clamp = (x: Value, limit: number): Value => op("Clip", x, number(-limit), number(limit));
  const weightedSum = (x: Value): Value =>
    graph.node("ReduceSum", [op("Mul", weight, x)], [1], { attributes: { keepdims: 1 } });

  const delta = op("Sub", scores.logProbs, inputs.oldLogProbs);
  const ratio = op("Exp", clamp(delta, MAX_LOG_RATIO));
  const negative = op("Neg", inputs.advantage);
  const free = op("Mul", ratio, negative);
  const one = number(1);
  const clipped = op(
    "Mul",
    op("Clip", ratio, op("Sub", one, inputs.low), op("Add", one, inputs.high)),
    negative,
  );
  const pg = op("Max", free, clipped);
  // Where the clipped branch is larger its slope is zero; where both agree the slope is the free one's.
  const pgSlope = op(
    "Mul",
    op("Mul", free, compare("GreaterOrEqual", free, clipped)),
    within(delta, MAX_LOG_RATIO),
  );

  const distance = op("Sub", scores.logProbs, inputs.refLogProbs);
  const kl = ((): { readonly value: Value; readonly slope: Value } => {
    if (klLossType === "k1")
      return { value: distance, slope: op("Add", op("Sub", distance, distance), one) };
    if (klLossType === "k2") {
      return { value: op("Mul", op("Mul", distance, distance), number(0.5)), slope: distance };
    }
    const clampedDistance = klLossType === "low_var_kl" ? clamp(distance, MAX_LOG_RATIO) : distance;
    const shrink = op("Exp", op("Neg", clampedDistance));
    const value = op("Add", op("Sub", shrink, one), clampedDistance);
    const slope = op("Sub", one, shrink);
    if (klLossType === "k3") return { value, slope };
    const inside = op("Mul", within(distance, MAX_LOG_RATIO), within(value, MAX_LOW_VAR_KL));
    return { value: clamp(value, MAX_LOW_VAR_KL), slope: op("Mul", slope, inside) };
  })();

  const slope = op("Add", pgSlope, op("Mul", kl.slope, inputs.klCoef));
  tape.add(scores.logProbs, op("Mul", slope, weight));
  tape.add(scores.entropy, op("Mul", op("Neg", inputs.entropyCoef), weight));

  const loss = op(
    "Add",
    op("Sub", pg, op("Mul", scores.entropy, inputs.entropyCoef)),
    op("Mul", kl.value, inputs.klCoef),
  );
  return new Map([
    ["loss", weightedSum(loss)],
    ["pg_loss", weightedSum(pg)],
    ["entropy_loss", weightedSum(scores.entropy)],
    ["pg_clipfrac", weightedSum(compare("Greater", clipped, free))],
    ["ppo_kl", weightedSum(op("Neg", delta))],
    ["kl_loss", weightedSum(kl.value)],
  ]);
}
