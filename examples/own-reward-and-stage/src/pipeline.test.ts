import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { FORM_REWARD } from "@acme/shaped-reward";
import { RolloutReader, ROLLOUTS_FOLDER } from "@moonlight-rl/core";
import { readEvalResult } from "@moonlight-rl/eval";
import { withEndpoint } from "@moonlight-rl/moonlight";
import { planPipeline, runPipeline } from "@moonlight-rl/pipeline";
import { ours } from "./pipeline.ts";

const workspace = await mkdtemp(join(tmpdir(), "ours-"));
after(() => rm(workspace, { recursive: true, force: true }));

const SMALL = [
  "rollout.numRollout=1",
  "rollout.rolloutBatchSize=4",
  "rollout.overSamplingBatchSize=8",
  "rollout.nSamplesPerPrompt=4",
  "rollout.numStepsPerRollout=1",
  'eval.datasets=[{"name":"tiny-aime","path":"tiny-aime.jsonl@[0:20]"}]',
  "eval.nSamplesPerPrompt=1",
];
const params = { looked: 60, tries: 2, problemFile: "tiny-aime.jsonl@[0:40]", set: SMALL };

test("our stage chooses, our reward is trained on, Moonlight's judges", async () => {
  const { outputs, stages } = await withEndpoint({ profile: "tiny" }, process.env, (endpoint) =>
    runPipeline(ours, { ...params, ...(endpoint && { endpoint }) }, { workspace }),
  );
  assert.ok(stages.some(({ id }) => id === "solvable-prompts"));
  assert.ok(outputs.kept > 0 && outputs.kept < 60, `${outputs.kept} of 60 were kept`);

  const reader = new RolloutReader(join(outputs.trained.path, ROLLOUTS_FOLDER));
  const [rollout] = await reader.rollouts();
  assert.ok(rollout);
  const { groups } = await reader.header(rollout);
  const rewards = new Set(groups.flatMap((group) => group.rewards));
  assert.ok(rewards.has(FORM_REWARD), `rewards are ${[...rewards].join()}`);

  const { comparison, problems } = await readEvalResult(outputs.after.path);
  assert.equal(problems, 40);
  assert.equal(comparison?.problems, 40);
});

test("a plan knows what our stage can reuse, and what a change would cost", async () => {
  const statuses = async (looked: number): Promise<Record<string, string>> => {
    const { stages } = await withEndpoint({ profile: "tiny" }, process.env, (endpoint) =>
      planPipeline(ours, { ...params, looked, ...(endpoint && { endpoint }) }, { workspace }),
    );
    return Object.fromEntries(stages.map(({ id, status }) => [id, status]));
  };
  const same = await statuses(60);
  assert.deepEqual([same["try-prompts"], same["solvable-prompts"]], ["hit", "hit"]);
  const more = await statuses(61);
  assert.deepEqual(
    [more["fetch"], more["try-prompts"], more["solvable-prompts"], more["train"]],
    ["hit", "miss", "unknown", "unknown"],
  );
});
