import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { getGrader, openGrading, type Label } from "@moonlight-rl/reward";
import type { PassReport } from "./pass-report.ts";

// node grade-pairs.js GRADER PAIRS.jsonl.gz PASSES IDS-LEFT-OUT: our grader over the pairs, one report a pass.
const [name = "", file = "", passes = "1", leftOut = ""] = process.argv.slice(2);
const skipped = new Set(
  leftOut
    .split(",")
    .filter((id) => id !== "")
    .map(Number),
);
const pairs = gunzipSync(readFileSync(file))
  .toString("utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as { id: number; response: string; label: Label })
  .filter(({ id }) => !skipped.has(id));

const grade = getGrader(name);
const reports: PassReport[] = [];
// The first pass warms up, as the reference's does.
for (let pass = -1; pass < Number(passes); pass++) {
  const times: number[] = [];
  const start = process.cpuUsage();
  for (const { response, label } of pairs) {
    const from = performance.now();
    try {
      grade(response, label);
    } catch {
      // A label that this grader refuses, as the reference does.
    }
    times.push(performance.now() - from);
  }
  const { user, system } = process.cpuUsage(start);
  if (pass === -1) continue;
  const sorted = times.toSorted((a, b) => a - b);
  reports.push({
    pairs: pairs.length,
    seconds: (user + system) / 1e6,
    p99Ms: sorted[Math.floor(0.99 * sorted.length)] ?? 0,
    slow: [],
  });
}
const peakRss = process.resourceUsage().maxRSS * 1024;
const grading = openGrading({ rmType: name });
const tasks = pairs.filter(({ response, label }) => {
  try {
    grade(response, label);
    return true;
  } catch {
    return false;
  }
});
await grading.grade(tasks.slice(0, 500));
const start = performance.now();
await grading.grade(tasks);
const threadsPerSecond = tasks.length / ((performance.now() - start) / 1000);
await grading.close();
console.log(JSON.stringify({ reports, peakRss, threadsPerSecond }));
