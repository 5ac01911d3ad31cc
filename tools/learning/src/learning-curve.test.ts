import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HISTORY_FILE } from "@moonlight-rl/core";
import { expect, it } from "vitest";
import { curvesSvg, spreadOf } from "./curves-svg.ts";
import { readCurve } from "./learning-curve.ts";

it("reads rewards and accuracies out of a training's history", async () => {
  const folder = await mkdtemp(join(tmpdir(), "moonlight-curve-"));
  try {
    const records = [
      { type: "sample", step: 0, phase: "eval", reward: 1 },
      { type: "metric", step: 0, values: { "eval/tiny-aime": 0.25 } },
      { type: "metric", step: 0, values: { "rollout/raw_reward": 0.5, "train/loss": 1 } },
      { type: "metric", step: 1, values: { "eval/tiny-aime": 0.75, "eval/other": 0 } },
    ];
    await writeFile(
      join(folder, HISTORY_FILE),
      records.map((r) => `${JSON.stringify(r)}\n`),
    );
    expect(await readCurve(folder, "tiny-aime")).toEqual({
      reward: [[0, 0.5]],
      accuracy: [
        [0, 0.25],
        [1, 0.75],
      ],
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});

it("takes the spread where every seed has a value", () => {
  const spread = spreadOf([
    [
      [0, 0.2],
      [40, 0.5],
    ],
    [
      [0, 0.4],
      [20, 0.1],
    ],
  ]);
  expect(spread).toHaveLength(1);
  expect(spread[0]).toMatchObject({ at: 0, low: 0.2, high: 0.4 });
  expect(spread[0]?.mean).toBeCloseTo(0.3);
});

it("draws the mean, the range, and one line a seed", () => {
  const curve = (top: number) => ({
    reward: [[0, 0.5] as const, [100, top] as const],
    accuracy: [[0, 0] as const, [100, top] as const],
  });
  const svg = curvesSvg([curve(1), curve(0.5)]);
  // The plot is 272 high below a margin of 28: shares 0 and 1 are at 300 and 28, their middle range from 164 to 28.
  expect(svg).toContain('<polygon points="48.0,300.0 704.0,28.0 704.0,164.0 48.0,300.0"');
  expect(svg).toContain('<polyline points="48.0,300.0 704.0,96.0"');
  expect(svg.match(/#e08020/g)).toHaveLength(2);
});
