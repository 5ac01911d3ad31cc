import { expect, it } from "vitest";
import { formatBytes, formatDuration, formatPercent } from "./format.ts";

it.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1.00 kB"],
  [999_499, "999 kB"],
  [999_999, "1.00 MB"],
  [1_234_567, "1.23 MB"],
  [32e9, "32.0 GB"],
  [5e15, "5.00e+3 TB"],
])("%d bytes read %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

it.each([
  [0.42, "0.4 s"],
  [9.96, "10 s"],
  [59.4, "59 s"],
  [59.7, "1 m 0 s"],
  [75, "1 m 15 s"],
  [3599.6, "1 h 0 m"],
  [3700, "1 h 1 m"],
])("%d seconds read %s", (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});

it("formats shares", () => {
  expect(formatPercent(0.6789)).toBe("67.9 %");
});
