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
import { PANEL } from "./linear.ts";

/** Heads, and numbers of a head, whose sums are in registers at once. */
const HEADS = 4;
const NUMBERS = 2;
const FLOAT = 4;
const VECTOR = 16;
const PANEL_BYTES = PANEL * FLOAT;

/**
 * Sums of keys, each times its weight, for several heads that share them: what attention makes of its scores. The keys are columns of
 * a matrix in panels, as `linear` takes it, so that both products of attention read the same numbers. Parameters: address of the
 * first head's weights and bytes to the next head's; how many heads; address of the matrix and bytes from one panel to the next; how many
 * panels (weights of missing keys are 0, the keys finite); address of the first head's sums and bytes to the next head's; how many
 * numbers of a key are summed (even).
 */
export function mix(): WasmFunction {
  const fn = new WasmFunction(
    "mix",
    Array.from({ length: 9 }, () => "i32"),
  );
  const [scores, scoresStride, heads, matrix, panelStride, panels, target, targetStride, count] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8,
  ] as const;
  const [column, key, to, line, left, steps] = fn.locals("i32", 6) as [
    Local,
    Local,
    Local,
    Local,
    Local,
    Local,
  ];
  const pointers = fn.locals("i32", HEADS);
  const sums = fn.locals("v128", HEADS * NUMBERS);
  const [first, second, weights] = fn.locals("v128", 3) as [Local, Local, Local];
  const sum = (head: number, number: number): Local => sums[head * NUMBERS + number] as Local;
  const next = (local: Local, stride: Local): Code => set(local, i32.add(get(local), get(stride)));

  /** Adds half of each panel: four keys. */
  const half = (some: readonly Local[], offset: number): Code => [
    ...set(line, i32.add(get(scores), i32.const(offset))),
    ...some.flatMap((pointer) => [...set(pointer, get(line)), ...next(line, scoresStride)]),
    ...set(key, i32.add(get(column), i32.const(offset))),
    ...set(steps, get(panels)),
    ...loopAgainWhile(
      get(steps),
      set(first, v128.load(get(key))),
      set(second, v128.load(get(key), PANEL_BYTES)),
      ...some.map((pointer, head) => [
        ...set(weights, v128.load(get(pointer))),
        ...set(sum(head, 0), f32x4.add(get(sum(head, 0)), f32x4.mul(get(first), get(weights)))),
        ...set(sum(head, 1), f32x4.add(get(sum(head, 1)), f32x4.mul(get(second), get(weights)))),
        ...advance(pointer, PANEL_BYTES),
      ]),
      next(key, panelStride),
      advance(steps, -1),
    ),
  ];

  const block = (number: number): Code => {
    const some = pointers.slice(0, number);
    return [
      ...set(column, get(matrix)),
      ...set(to, get(target)),
      ...set(left, get(count)),
      ...loopAgainWhile(
        get(left),
        ...sums.slice(0, number * NUMBERS).map((each) => set(each, f32x4.const(0))),
        half(some, 0),
        half(some, VECTOR),
        set(line, get(to)),
        ...some.map((_, head) => [
          ...f32.store(get(line), f32x4.sum(get(sum(head, 0)))),
          ...f32.store(get(line), f32x4.sum(get(sum(head, 1))), FLOAT),
          ...next(line, targetStride),
        ]),
        advance(column, NUMBERS * PANEL_BYTES),
        advance(to, NUMBERS * FLOAT),
        advance(left, -NUMBERS),
      ),
      ...set(scores, i32.add(get(scores), i32.mul(get(scoresStride), i32.const(number)))),
      ...set(target, i32.add(get(target), i32.mul(get(targetStride), i32.const(number)))),
      ...advance(heads, -number),
    ];
  };

  fn.emit(
    loopWhile(i32.greaterOrEqual(get(heads), i32.const(HEADS)), block(HEADS)),
    loopWhile(get(heads), block(1)),
  );
  return fn;
}
