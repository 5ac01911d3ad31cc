import type { Tape } from "../autodiff/tape.ts";
import type { GrpoLoss } from "../engine/types.ts";
import type { Value } from "../onnx/graph.ts";
import { MAX_LOG_RATIO, MAX_LOW_VAR_KL } from "./kl-estimate.ts";

/** Element-wise operations on [R]. */
export interface TokenMath {
  readonly op: (name: string, ...values: Value[]) => Value;
  readonly number: (value: number) => Value;
  /** 1 where the comparison holds, else 0. */
  readonly compare: (name: string, a: Value, b: Value) => Value;
  readonly clamp: (x: Value, limit: number) => Value;
  /** 1 where |x| ≤ limit, else 0. */
  readonly within: (x: Value, limit: number) => Value;
}

export function tokenMath({ graph }: Tape): TokenMath {
  const op = (name: string, ...values: Value[]): Value => graph.node(name, values, ["R"]);
  const number = (value: number): Value => graph.scalar(value);
  const compare = (name: string, a: Value, b: Value): Value =>
    graph.node("Cast", [graph.node(name, [a, b], ["R"], { type: "bool" })], ["R"], {
      attributes: { to: 1 },
    });
  return {
    op,
    number,
    compare,
    clamp: (x, limit) => op("Clip", x, number(-limit), number(limit)),
    within: (x, limit) => compare("LessOrEqual", op("Abs", x), number(limit)),
  };
}

/**
 * The KL estimate of each token and its slope, both as functions of log p − log p_ref (`distance`). With `ratio`, that of
 * the policy to the old one, the estimate is weighted by it and the slope is the whole derivative by log p.
 * Source: miles loss_hub/math_utils.py compute_approx_kl.
 */
export function approximateKl(
  math: TokenMath,
  distance: Value,
  type: GrpoLoss["klLossType"],
  ratio?: Value,
): Estimate {
  const { op, clamp, within } = math;
  const plain = estimate(math, distance, type);
  const value = ratio === undefined ? plain.value : op("Mul", ratio, plain.value);
  const slope =
    ratio === undefined ? plain.slope : op("Mul", ratio, op("Add", plain.value, plain.slope));
  if (type !== "low_var_kl") return { value, slope };
  return {
    value: clamp(value, MAX_LOW_VAR_KL),
    slope: op("Mul", slope, within(value, MAX_LOW_VAR_KL)),
  };
}

interface Estimate {
  readonly value: Value;
  readonly slope: Value;
}

function estimate(math: TokenMath, x: Value, type: GrpoLoss["klLossType"]): Estimate {
  const { op, number, clamp, within } = math;
  if (type === "k1") return { value: x, slope: op("Add", op("Sub", x, x), number(1)) };
  if (type === "k2") return { value: op("Mul", op("Mul", x, x), number(0.5)), slope: x };
  const low = type === "low_var_kl";
  const bounded = low ? clamp(x, MAX_LOG_RATIO) : x;
  const shrink = op("Exp", op("Neg", bounded));
  const rise = op("Sub", number(1), shrink);
  return {
    value: op("Add", op("Sub", shrink, number(1)), bounded),
    slope: low ? op("Mul", rise, within(x, MAX_LOG_RATIO)) : rise,
  };
}
