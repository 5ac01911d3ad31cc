import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { withEndpoint } from "@moonlight-rl/moonlight";
import { runPipeline, type RunResult } from "@moonlight-rl/pipeline";
import { sweep } from "./sweep.ts";
import { sweepTable, type SweepPoint } from "./sweep-table.ts";

const workspace = await mkdtemp(join(tmpdir(), "sweep-"));
after(() => rm(workspace, { recursive: true, force: true }));

/** Everything small; several steps on one rollout, so that the policy moves away from the one that sampled. */
const SMALL = [
  "rollout.numRollout=2",
  "rollout.rolloutBatchSize=8",
  "rollout.overSamplingBatchSize=16",
  "rollout.nSamplesPerPrompt=4",
  "rollout.numStepsPerRollout=4",
  'eval.datasets=[{"name":"tiny-aime","path":"tiny-aime.jsonl@[0:40]"}]',
  "eval.nSamplesPerPrompt=1",
];

async function sweepOver(...clipHigh: number[]): Promise<RunResult<{ points: SweepPoint[] }>> {
  return await withEndpoint({ profile: "tiny" }, process.env, (endpoint) =>
    runPipeline(sweep, { clipHigh, set: SMALL, ...(endpoint && { endpoint }) }, { workspace }),
  );
}
const ran = ({ stages }: { stages: RunResult<unknown>["stages"] }): string[] =>
  stages.filter(({ reused }) => !reused).map(({ id }) => id);

let points: readonly SweepPoint[] = [];

test("two values: one fetch, one convert, one evaluation of the base, two trainings", async () => {
  const run = await sweepOver(0.02, 0.5);
  assert.deepEqual(ran(run), [
    "fetch",
    "convert",
    "recipe-0.02",
    "eval-base",
    "train-0.02",
    "export-0.02",
    "eval-0.02",
    "recipe-0.5",
    "train-0.5",
    "export-0.5",
    "eval-0.5",
  ]);
  ({ points } = run.outputs);
  assert.notEqual(points[0]?.checkpoint.digest, points[1]?.checkpoint.digest);
});

test("the table has a row for each, and the lower bound clips more", async () => {
  const rows = (await sweepTable(points)).split("\n").slice(1);
  assert.equal(rows.length, 2);
  const [low, high] = rows.map((row) => {
    assert.match(row, /points \(95 % interval .* paired over 40 problems/);
    return Number(/%\s+([\d.]+) %/.exec(row)?.[1]);
  });
  assert.ok(low !== undefined && high !== undefined && low > high, rows.join("\n"));
});

test("a value that is added costs its own training alone", async () => {
  assert.deepEqual(ran(await sweepOver(0.02, 0.28, 0.5)), [
    "recipe-0.28",
    "train-0.28",
    "export-0.28",
    "eval-0.28",
  ]);
});
