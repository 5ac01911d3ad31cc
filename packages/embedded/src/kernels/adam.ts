import {
  advance,
  f64x2,
  get,
  i32,
  loopWhile,
  set,
  v128,
  when,
  type Code,
  type Local,
} from "../wasm/instructions.ts";
import { WasmFunction } from "../wasm/module.ts";

const FLOAT = 4;

/**
 * An AdamW step in place, in double precision, rounded where it is stored. Parameters: addresses of the parameters, of both moments
 * and of the gradient; how many; factor on the gradient; β₁, 1 − β₁, β₂, 1 − β₂; step size; factor on √v; ε; factor on the parameters.
 */
export function adam(): WasmFunction {
  const fn = new WasmFunction("adam", [
    ...Array.from({ length: 5 }, () => "i32" as const),
    ...Array.from({ length: 9 }, () => "f64" as const),
  ]);
  const [parameters, first, second, gradient, count] = [0, 1, 2, 3, 4] as const;
  const constants = fn.locals("v128", 9);
  const [factor, beta1, rest1, beta2, rest2, stepSize, correction, epsilon, keep] = constants.map(
    get,
  ) as [Code, Code, Code, Code, Code, Code, Code, Code, Code];
  const [g, m, v] = fn.locals("v128", 3) as [Local, Local, Local];
  const { add, sub, mul, div, sqrt, promote, demote } = f64x2;
  const step = (lanes: 1 | 2): Code => {
    const load = (address: Local): Code => promote(v128.loadLanes(get(address), lanes));
    const store = (address: Local, value: Code): Code =>
      v128.storeLanes(get(address), demote(value), lanes);
    return [
      ...set(g, mul(load(gradient), factor)),
      ...set(m, add(mul(beta1, load(first)), mul(rest1, get(g)))),
      ...set(v, add(mul(beta2, load(second)), mul(mul(rest2, get(g)), get(g)))),
      ...store(first, get(m)),
      ...store(second, get(v)),
      ...store(
        parameters,
        sub(
          mul(load(parameters), keep),
          div(mul(stepSize, get(m)), add(mul(sqrt(get(v)), correction), epsilon)),
        ),
      ),
    ];
  };
  fn.emit(
    ...constants.map((constant, i) => set(constant, f64x2.splat(get(5 + i)))),
    loopWhile(
      i32.less(i32.const(1), get(count)),
      step(2),
      ...[parameters, first, second, gradient].map((address) => advance(address, 2 * FLOAT)),
      advance(count, -2),
    ),
    when(get(count), step(1)),
  );
  return fn;
}
