import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import { PLAIN_SCREEN, resultScreen, type RunSummary } from "@moonlight-rl/pipeline";
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
      expect(runsTable(runs, { ...PLAIN_SCREEN, columns: width })).toBe(
        [
          "run                   pipeline   status  started (UTC)            time  changed",
          "20261129-114542-01c7  moonlight  ok      2026-11-29 11:45:42  5 m 16 s  seed=3 optimizer.lr=0.01",
          "20261129-114542-01c8  moonlight  ok      2026-11-29 11:45:42  5 m 16 s  seed=3 rollout.numRollout=4 rollout.rolloutBatchSize=16 eval.interval=2",
        ].join("\n"),
      );
  });

  it.each([80, 120])("has it below each at %i columns", (width) => {
    const lines = runsTable(runs, { ...PLAIN_SCREEN, columns: width }).split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width);
    expect(lines[2]).toBe("  seed=3 optimizer.lr=0.01");
    expect(lines.slice(4).join("\n")).toContain(
      "  seed=3 rollout.numRollout=4 rollout.rolloutBatchSize=16",
    );
  });

  it("says how there will be one", () => {
    expect(runsTable([])).toContain("`moonlight run`");
  });

  it("has statuses in colour, which change no column and no place where it breaks", () => {
    const stdout = { write: () => true, isTTY: true, columns: 60 };
    const coloured = runsTable(
      [run("20261129-1", ["a=1"])],
      resultScreen({ stdout, stderr: stdout, env: {} }),
    );
    expect(coloured).toContain("\u001B[32mok\u001B[39m");
    const plain = runsTable([run("20261129-1", ["a=1"])], { ...PLAIN_SCREEN, columns: 60 });
    expect(stripVTControlCharacters(coloured)).toBe(plain);
    expect(
      runsTable(
        [run("20261129-1", [])],
        resultScreen({ stdout, stderr: stdout, env: { NO_COLOR: "1" } }),
      ),
    ).not.toContain("\u001B");
  });
});
