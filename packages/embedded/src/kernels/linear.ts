import {
  advance,
  f32x4,
  get,
  i32,
  loopAgainWhile,
  loopWhile,
  set,
  v128,
  when,
  type Code,
  type Local,
} from "../wasm/instructions.ts";
import { WasmFunction } from "../wasm/module.ts";
import { exponential } from "./exponential.ts";

/** Columns of a panel of weights: two vectors. */
export const PANEL = 8;
/** Rows that are multiplied by a panel at once: their sums, two vectors each, stay in registers. */
const BLOCK = 4;
/**
 * Rows that meet all panels before the next rows do: what they read and write then stays in the first cache. What is less than
 * half as many again is not split.
 */
const TILE = 16;
const FLOAT = 4;

/**
 * What becomes of the sums x·W of a row: they are stored; added to what is there; added with the row's own factor; or
 * taken as gates and values of SwiGLU, four of each in a panel, which leaves half as many results.
 */
export type LinearKind = "linear" | "linearAdd" | "linearAddScaled" | "linearSwiglu";

/**
 * Products of rows with a matrix whose columns come in panels, [panels, length, PANEL]. Parameters: addresses of two tables with the
 * address of each row of x and of y; how many rows; length of a row of x; address of the matrix; how many panels; address of the
 * rows' factors. A row's result is the same in any company.
 */
export function linear(kind: LinearKind): WasmFunction {
  const fn = new WasmFunction(
    kind,
    Array.from({ length: 7 }, () => "i32"),
  );
  const [xTable, yTable, rows, length, matrix, panels, factors] = [0, 1, 2, 3, 4, 5, 6] as const;
  const [panel, tile, left, row, weights, begin, end, at] = fn.locals("i32", 8) as [
    Local,
    Local,
    Local,
    Local,
    Local,
    Local,
    Local,
    Local,
  ];
  const x = fn.locals("i32", BLOCK);
  const sums = fn.locals("v128", 2 * BLOCK);
  const [low, high, copies] = fn.locals("v128", 3) as [Local, Local, Local];
  const exp = exponential(fn);
  const sum = (i: number, half: 0 | 1): Local => sums[2 * i + half] as Local;
  const line = (table: Local): Code => i32.add(get(table), i32.shl(get(row), i32.const(2)));
  const entry = (table: Local, i: number): Code => i32.load(line(table), i * FLOAT);

  /** Adds the product with one row of the panel. Not unrolled: V8 would load all steps' numbers first, more than there are registers. */
  const step = (count: number): Code => [
    ...set(low, v128.load(get(weights))),
    ...set(high, v128.load(get(weights), 16)),
    ...advance(weights, PANEL * FLOAT),
    ...x
      .slice(0, count)
      .flatMap((pointer, i) => [
        ...set(copies, v128.loadSplat(get(pointer))),
        ...set(sum(i, 0), f32x4.add(get(sum(i, 0)), f32x4.mul(get(low), get(copies)))),
        ...set(sum(i, 1), f32x4.add(get(sum(i, 1)), f32x4.mul(get(high), get(copies)))),
        ...advance(pointer, FLOAT),
      ]),
  ];

  const store = (i: number): Code => {
    const width = kind === "linearSwiglu" ? PANEL / 2 : PANEL;
    const to = set(at, i32.add(entry(yTable, i), i32.mul(get(panel), i32.const(width * FLOAT))));
    const write = (half: 0 | 1, value: Code): Code => v128.store(get(at), value, half * 16);
    const both = (value: (half: 0 | 1) => Code): Code => [
      ...to,
      ...write(0, value(0)),
      ...write(1, value(1)),
    ];
    switch (kind) {
      case "linear":
        return both((half) => get(sum(i, half)));
      case "linearAdd":
        return both((half) => f32x4.add(v128.load(get(at), half * 16), get(sum(i, half))));
      case "linearAddScaled":
        return [
          ...set(copies, v128.loadSplat(line(factors), i * FLOAT)),
          ...both((half) =>
            f32x4.add(v128.load(get(at), half * 16), f32x4.mul(get(sum(i, half)), get(copies))),
          ),
        ];
      default: {
        const gate = get(sum(i, 0));
        return [
          ...set(copies, f32x4.neg(gate)),
          ...exp(copies),
          ...to,
          ...write(
            0,
            f32x4.mul(f32x4.div(gate, f32x4.add(get(copies), f32x4.const(1))), get(sum(i, 1))),
          ),
        ];
      }
    }
  };

  /** `count` rows by one panel. */
  const block = (count: number): Code => [
    ...x.slice(0, count).flatMap((pointer, i) => set(pointer, entry(xTable, i))),
    ...sums.slice(0, 2 * count).flatMap((each) => set(each, f32x4.const(0))),
    ...set(weights, get(begin)),
    ...loopAgainWhile(i32.notEqual(get(weights), get(end)), step(count)),
    ...Array.from({ length: count }, (_, i) => store(i)).flat(),
  ];

  const panelOfTile = [
    ...set(begin, get(end)),
    ...set(end, i32.add(get(begin), i32.mul(get(length), i32.const(PANEL * FLOAT)))),
    ...set(row, i32.const(0)),
    ...set(left, get(tile)),
    ...loopWhile(
      i32.greaterOrEqual(get(left), i32.const(BLOCK)),
      block(BLOCK),
      advance(row, BLOCK),
      advance(left, -BLOCK),
    ),
    ...[3, 2, 1].flatMap((count) => when(i32.equal(get(left), i32.const(count)), block(count))),
    ...advance(panel, 1),
  ];
  fn.emit(
    loopWhile(
      get(rows),
      set(tile, get(rows)),
      when(i32.greaterOrEqual(get(rows), i32.const(1.5 * TILE)), set(tile, i32.const(TILE))),
      set(panel, i32.const(0)),
      set(end, get(matrix)),
      loopWhile(i32.less(get(panel), get(panels)), panelOfTile),
      ...[xTable, yTable, ...(kind === "linearAddScaled" ? [factors] : [])].map((table) =>
        set(table, i32.add(get(table), i32.shl(get(tile), i32.const(2)))),
      ),
      set(rows, i32.sub(get(rows), get(tile))),
    ),
  );
  return fn;
}
