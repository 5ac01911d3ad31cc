import { describe, expect, it } from "vitest";
import { notBuilt, type Bench, type Figure } from "./bench.ts";
import { belowGoal, reportText } from "./report-text.ts";
import { rowSchema, type Goal, type Miss, type Row } from "./row.ts";
import { runBenches } from "./run-benches.ts";

const FIGURE: Figure = {
  metric: "throughput",
  peer: "curl",
  unit: "MB/s",
  ours: 300,
  theirs: 200,
  better: "greater",
};
const GOALS: readonly Goal[] = [
  { bench: "copy", metric: "throughput", peer: "curl", goal: 1 },
  { bench: "copy", metric: "start", peer: "2 s", goal: 1 },
  { bench: "other", metric: "throughput", peer: "curl", goal: 1 },
];

async function run(bench: Bench) {
  const rows: Row[] = [];
  const misses: Miss[] = [];
  const report = await runBenches(
    [bench],
    GOALS,
    { size: 1, repeat: 1, folder: "", signal: new AbortController().signal },
    { row: (row) => rows.push(row), miss: (miss) => misses.push(miss), note: () => undefined },
  );
  expect(report).toEqual({ rows, misses });
  return report;
}

describe("runBenches", () => {
  it("gives the ratio so that greater is better for us, whichever way the unit goes", async () => {
    const { rows, misses } = await run({
      name: "copy",
      what: "",
      run(_, { figure }) {
        figure(FIGURE);
        figure({ ...FIGURE, metric: "start", peer: "2 s", ours: 4, theirs: 2, better: "smaller" });
        figure({ ...FIGURE, peer: "cp" });
        return Promise.resolve();
      },
    });
    expect(rows.map(({ ratio, goal }) => [ratio, goal])).toEqual([
      [1.5, 1],
      [0.5, 1],
      [1.5, null],
    ]);
    expect(misses).toEqual([]);
    for (const row of rows) rowSchema.parse(row);
    expect(belowGoal({ rows, misses }).map(({ metric }) => metric)).toEqual(["start"]);
  });

  it("makes a miss of each goal of the bench that has no row, with the reason that was given", async () => {
    const { rows, misses } = await run({
      name: "copy",
      what: "",
      run(_, { figure, miss }) {
        miss("start", "2 s", "there is no clock");
        figure({ ...FIGURE, peer: "cp" });
        return Promise.resolve();
      },
    });
    expect(rows.length).toBe(1);
    expect(misses.map(({ metric, reason }) => [metric, reason])).toEqual([
      ["throughput", "the bench gave no such row"],
      ["start", "there is no clock"],
    ]);
  });

  it("goes on after a bench that throws, which misses what it has not given", async () => {
    const { rows, misses } = await run({
      name: "copy",
      what: "",
      run(_, { figure }) {
        figure(FIGURE);
        throw new Error("disk full");
      },
    });
    expect(rows.length).toBe(1);
    expect(misses.map(({ reason }) => reason)).toEqual(["disk full"]);
    expect((await run(notBuilt("copy", ""))).misses.map(({ reason }) => reason)).toEqual([
      "not built",
      "not built",
    ]);
  });

  it.each([0, Number.NaN, Number.POSITIVE_INFINITY])(
    "takes %d for no measurement",
    async (ours) => {
      const { rows, misses } = await run({
        name: "copy",
        what: "",
        run(_, { figure }) {
          figure({ ...FIGURE, ours });
          return Promise.resolve();
        },
      });
      expect(rows).toEqual([]);
      expect(misses[0]?.reason).toContain("is no measurement");
    },
  );
});

describe("reportText", () => {
  it("tells reached, missed and missing goals apart", () => {
    const row = { bench: "copy", metric: "throughput", value: 3, unit: "MB/s", peer: "cp" };
    const text = reportText({
      rows: [
        { ...row, ratio: 2, goal: 1 },
        { ...row, ratio: 0.5, goal: 1 },
        { ...row, ratio: 0.1, goal: null },
      ],
      misses: [
        { bench: "copy", metric: "start", peer: "2 s", goal: 1, reason: "no clock\nat all" },
      ],
    });
    expect(
      text
        .split("\n")
        .slice(1, 5)
        .map((line) => line.split(/ {2,}/).at(-1)),
    ).toEqual(["ok", "BELOW", "0.10", "MISS: no clock"]);
    expect(text.split("\n").at(-1)).toBe("1 goals reached, 1 below, 1 missed");
  });
});
