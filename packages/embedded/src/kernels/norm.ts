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

const VECTOR = 16;

/**
 * y = x / sqrt(mean of squares + ε) of rows. Parameters: addresses of two tables with the address of each row of x and of y, how many
 * rows, bytes of a row (a multiple of 16; what fills it up is zero), how many numbers count, ε.
 */
export function norm(): WasmFunction {
  const fn = new WasmFunction("norm", ["i32", "i32", "i32", "i32", "f32", "f32"]);
  const [xTable, yTable, rows, bytes, count, epsilon] = [0, 1, 2, 3, 4, 5] as const;
  const [from, to, left] = fn.locals("i32", 3) as [Local, Local, Local];
  const [x, total] = fn.locals("v128", 2) as [Local, Local];
  const sum = f32x4.sum(get(total));
  const each = (...statements: readonly Code[]): Code => [
    ...set(from, i32.load(get(xTable))),
    ...set(left, get(bytes)),
    ...loopAgainWhile(get(left), ...statements, advance(from, VECTOR), advance(left, -VECTOR)),
  ];
  fn.emit(
    loopWhile(
      get(rows),
      set(total, f32x4.const(0)),
      each(
        set(x, v128.load(get(from))),
        set(total, f32x4.add(get(total), f32x4.mul(get(x), get(x)))),
      ),
      set(
        total,
        f32x4.splat(
          f32.div(f32.const(1), f32.sqrt(f32.add(f32.div(sum, get(count)), get(epsilon)))),
        ),
      ),
      set(to, i32.load(get(yTable))),
      each(v128.store(get(to), f32x4.mul(v128.load(get(from)), get(total))), advance(to, VECTOR)),
      advance(xTable, 4),
      advance(yTable, 4),
      advance(rows, -1),
    ),
  );
  return fn;
}
