import { expect, it } from "vitest";
import { sparkline } from "./sparkline.ts";

it.each([
  [[0, 1, 2, 3, 4, 5, 6, 7], 8, "▁▂▃▄▅▆▇█"],
  [[9, 0, 7], 2, "▁█"],
  [[5, 5], 8, "▅▅"],
  [[0, Number.NaN, 1], 8, "▁ █"],
  [[Number.POSITIVE_INFINITY], 8, " "],
  [[], 8, ""],
])("sparkline(%o, %i)", (values, width, expected) => {
  expect(sparkline(values, width)).toBe(expected);
});
