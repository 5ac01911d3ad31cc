import {
  advance,
  f32,
  f32x4,
  get,
  i32,
  loopAgainWhile,
  loopWhile,
  set,
  v128,
  type Code,
  type Local,
} from "../wasm/instructions.ts";
import { WasmFunction } from "../wasm/module.ts";
import { exponential } from "./exponential.ts";
import { PANEL } from "./linear.ts";

const VECTOR = 16;
const PANEL_BYTES = PANEL * 4;
const NONE = -1e30;

/**
 * Replaces rows by softmax(factor · row). Parameters: address of the first row, how many, bytes from one to the next, how many numbers
 * count (at least one; those after them, up to a multiple of PANEL, become 0), the factor.
 */
export function softmax(): WasmFunction {
  const fn = new WasmFunction("softmax", ["i32", "i32", "i32", "i32", "f32"]);
  const [address, rows, stride, count, factor] = [0, 1, 2, 3, 4] as const;
  const [at, end, filled] = fn.locals("i32", 3) as [Local, Local, Local];
  const [x, most, total] = fn.locals("v128", 3) as [Local, Local, Local];
  const exp = exponential(fn);
  const larger = (vector: Local, lanes: readonly [number, number, number, number]): Code =>
    set(vector, f32x4.pmax(get(vector), f32x4.reorder(get(vector), lanes)));
  const each = (...statements: readonly Code[]): Code => [
    ...set(at, get(address)),
    ...loopAgainWhile(i32.less(get(at), get(end)), ...statements, advance(at, VECTOR)),
  ];
  fn.emit(
    loopWhile(
      get(rows),
      set(filled, i32.add(get(address), i32.shl(get(count), i32.const(2)))),
      set(
        end,
        i32.add(
          get(address),
          i32.and(
            i32.add(i32.shl(get(count), i32.const(2)), i32.const(PANEL_BYTES - 1)),
            i32.const(-PANEL_BYTES),
          ),
        ),
      ),
      loopWhile(
        i32.less(get(filled), get(end)),
        f32.store(get(filled), f32.const(NONE)),
        advance(filled, 4),
      ),
      set(most, f32x4.const(NONE)),
      each(set(most, f32x4.pmax(get(most), v128.load(get(at))))),
      larger(most, [2, 3, 0, 1]),
      larger(most, [1, 0, 3, 2]),
      set(total, f32x4.const(0)),
      each(
        set(x, f32x4.mul(f32x4.sub(v128.load(get(at)), get(most)), f32x4.splat(get(factor)))),
        exp(x),
        set(total, f32x4.add(get(total), get(x))),
        v128.store(get(at), get(x)),
      ),
      set(total, f32x4.splat(f32.div(f32.const(1), f32x4.sum(get(total))))),
      each(v128.store(get(at), f32x4.mul(v128.load(get(at)), get(total)))),
      set(address, i32.add(get(address), get(stride))),
      advance(rows, -1),
    ),
  );
  return fn;
}
