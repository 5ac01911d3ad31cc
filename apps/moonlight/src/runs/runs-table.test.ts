import { describe, expect, it } from "vitest";
import type { RunSummary } from "@moonlight-rl/pipeline";
import { runsTable } from "./runs-table.ts";

const run = (id: string, set: string[]): RunSummary =>
  ({
    id,
    pipeline: "moonlight",
    status: "ok",
    started: "2026-11-29T11:45:42.000Z",
    finished: "2026-11-29T11:50:58.000Z",
    params: { profile: "tiny", seed: 3, set },
  }) as unknown as RunSummary;
const runs = [
  run("20261129-114542-01c7", ["optimizer.lr=0.01"]),
  run("20261129-114542-01c8", [
    "rollout.numRollout=4",
    "rollout.rolloutBatchSize=16",
    "eval.interval=2",
  ]),
];

describe("the list of runs", () => {
  it("has what was changed beside each, where that fits", () => {
    for (const width of [undefined, 160])
      expect(runsTable(runs, width)).toBe(
        [
          "run                   pipeline   status  started (UTC)            time  changed",
          "20261129-114542-01c7  moonlight  ok      2026-11-29 11:45:42  5 m 16 s  seed=3 optimizer.lr=0.01",
          "20261129-114542-01c8  moonlight  ok      2026-11-29 11:45:42  5 m 16 s  seed=3 rollout.numRollout=4 rollout.rolloutBatchSize=16 eval.interval=2",
        ].join("\n"),
      );
  });

  it.each([80, 120])("has it below each at %i columns", (width) => {
    const lines = runsTable(runs, width).split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width);
    expect(lines[2]).toBe("  seed=3 optimizer.lr=0.01");
    expect(lines.slice(4).join("\n")).toContain(
      "  seed=3 rollout.numRollout=4 rollout.rolloutBatchSize=16",
    );
  });

  it("says how there will be one", () => {
    expect(runsTable([])).toContain("`moonlight run`");
  });
});
