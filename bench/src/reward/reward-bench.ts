import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pythonEnvironment } from "@moonlight-rl/interop";
import { z } from "zod";
import type { Bench, BenchOptions, Findings } from "../bench.ts";
import { median } from "../measure/median.ts";
import { timedCommand } from "../measure/timed-command.ts";
import { passReportSchema, type PassReport } from "./pass-report.ts";

const PAIRS = path("packages/reward/golden/grader-pairs.golden.jsonl.gz");
const OURS = fileURLToPath(new URL("./grade-pairs.js", import.meta.url));
const THEIRS = path("bench/peers/grade-pairs.py");
const REQUIREMENTS = path("tools/interop/reward/requirements.txt");
const PEER = "reference python";

function path(file: string): string {
  return fileURLToPath(new URL(`../../../${file}`, import.meta.url));
}

export const rewardBench: Bench = {
  name: "reward",
  what: "graders beside the reference in Python, over its recorded pairs",
  async run(options, findings) {
    if (options.miles === undefined) {
      for (const grader of ["math", "dapo"]) findings.miss(grader, PEER, "needs --miles FOLDER");
      return;
    }
    const { signal } = options;
    const note = findings.note;
    const bin = await pythonEnvironment({
      name: "reward",
      requirements: REQUIREMENTS,
      signal,
      note,
    });
    for (const grader of ["math", "dapo"]) {
      await compare(grader, join(bin, "python"), options, findings);
    }
  },
};

const outputSchema = z.object({
  reports: z.array(passReportSchema),
  /** Bytes. */
  peakRss: z.number(),
  threadsPerSecond: z.number().optional(),
});

/** Both in processes of their own, one after the other; a pass is one time over all pairs. Rates are by processor time. */
async function compare(
  grader: string,
  python: string,
  { repeat, signal, miles = "" }: BenchOptions,
  findings: Findings,
): Promise<void> {
  const passes = `${repeat}`;
  const options = { cancelSignal: signal };
  const theirs = await timedCommand(python, [THEIRS, grader, PAIRS, passes, miles], options);
  const reference = outputSchema.parse(JSON.parse(theirs.stdout));
  const leftOut = reference.reports[0]?.slow ?? [];
  const ours = await timedCommand(
    process.execPath,
    [OURS, grader, PAIRS, passes, leftOut.join(",")],
    options,
  );
  const own = outputSchema.parse(JSON.parse(ours.stdout));
  findings.note(
    `reward: ${grader}: ${own.reports[0]?.pairs} pairs (${leftOut.length} that take the reference more than 5 s are left out), ` +
      `ours ${rates(own.reports)}, reference ${rates(reference.reports)} pairs/s; in threads ${Math.round(own.threadsPerSecond ?? 0)} pairs/s`,
  );
  findings.figure({
    metric: grader,
    peer: PEER,
    unit: "pairs/s",
    ours: median(own.reports.map(rate)),
    theirs: median(reference.reports.map(rate)),
    better: "greater",
  });
  findings.figure({
    metric: `${grader}-p99`,
    peer: PEER,
    unit: "ms",
    ours: median(own.reports.map(({ p99Ms }) => p99Ms)),
    theirs: median(reference.reports.map(({ p99Ms }) => p99Ms)),
    better: "smaller",
  });
  findings.figure({
    metric: `${grader}-peak-rss`,
    peer: PEER,
    unit: "MB",
    ours: own.peakRss / 1e6,
    theirs: reference.peakRss / 1e6,
    better: "smaller",
  });
}

function rate({ pairs, seconds }: PassReport): number {
  return pairs / seconds;
}

function rates(reports: readonly PassReport[]): string {
  return reports.map((report) => Math.round(rate(report))).join(", ");
}
