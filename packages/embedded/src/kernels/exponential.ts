import { f32x4, get, i32x4, set, v128, type Code, type Local } from "../wasm/instructions.ts";
import type { WasmFunction } from "../wasm/module.ts";

/** Where float32's exponential of e becomes 0 and infinite. */
const [LEAST, MOST] = [-87.33654, 88.37626];
const LOG2_E = Math.LOG2E;
/** ln 2 in two parts, so that its multiples are subtracted exactly. */
const [LN2_HIGH, LN2_LOW] = [0.693359375, -2.1219444e-4];
/** Of e^r = 1 + r + r²·(…) for |r| ≤ ½ ln 2, highest power first (Cephes, expf). */
const COEFFICIENTS = [
  1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1,
  5.0000001201e-1,
];

/** Added to a number of less than 2²², it leaves the nearest integer in the last bits. */
const TO_INTEGER = 1.5 * 2 ** 23;
/** Bits of the exponent begin here. */
const EXPONENT = 23;

/** Gives code that replaces the four numbers in a variable by their exponentials, to about 1e-7. */
export function exponential(fn: WasmFunction): (x: Local) => Code {
  const [shifted, power, rest, result, inside] = fn.locals("v128", 5) as [
    Local,
    Local,
    Local,
    Local,
    Local,
  ];
  return (x) => [
    ...set(inside, f32x4.greaterOrEqual(get(x), f32x4.const(LEAST))),
    ...set(x, f32x4.pmin(f32x4.pmax(get(x), f32x4.const(LEAST)), f32x4.const(MOST))),
    ...set(shifted, f32x4.add(f32x4.mul(get(x), f32x4.const(LOG2_E)), f32x4.const(TO_INTEGER))),
    ...set(power, f32x4.sub(get(shifted), f32x4.const(TO_INTEGER))),
    ...set(rest, f32x4.sub(get(x), f32x4.mul(get(power), f32x4.const(LN2_HIGH)))),
    ...set(rest, f32x4.sub(get(rest), f32x4.mul(get(power), f32x4.const(LN2_LOW)))),
    ...set(result, f32x4.const(COEFFICIENTS[0] as number)),
    ...COEFFICIENTS.slice(1).flatMap((coefficient) =>
      set(result, f32x4.add(f32x4.mul(get(result), get(rest)), f32x4.const(coefficient))),
    ),
    ...set(result, f32x4.mul(f32x4.mul(get(result), get(rest)), get(rest))),
    ...set(result, f32x4.add(f32x4.add(get(result), get(rest)), f32x4.const(1))),
    // Times 2^power: the exponent is raised by the integer.
    ...set(x, v128.and(get(inside), i32x4.add(get(result), i32x4.shl(get(shifted), EXPONENT)))),
  ];
}
