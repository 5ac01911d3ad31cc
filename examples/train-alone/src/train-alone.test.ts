import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { MoonlightEvent } from "@moonlight-rl/core";
import { trainAlone, type SeenSample } from "./train-alone.ts";

const workspace = await mkdtemp(join(tmpdir(), "train-alone-"));
after(() => rm(workspace, { recursive: true, force: true }));

let first: readonly SeenSample[] = [];

test("two rollouts are trained on, and every sample of them is shown", async () => {
  const events: MoonlightEvent[] = [];
  first = await trainAlone({ workspace, onEvent: (event) => events.push(event) });

  // Four prompts of four samples in each of two rollouts.
  assert.equal(first.length, 2 * 4 * 4);
  const losses = events.flatMap((event) =>
    event.type === "metric" && "train/loss" in event.values ? [event.values["train/loss"]] : [],
  );
  assert.equal(losses.length, 2, "one optimizer step each");
  for (const { question, label } of first) assert.match(`${question}${label}`, /\d/);
});

test("within a group rewards differ and advantages follow them", () => {
  const groups = new Map<string, SeenSample[]>();
  for (const sample of first) {
    const name = `${sample.rollout} ${sample.question}`;
    groups.set(name, [...(groups.get(name) ?? []), sample]);
  }
  assert.equal(groups.size, 8);
  for (const group of groups.values()) {
    const best = Math.max(...group.map(({ reward }) => reward));
    const worst = Math.min(...group.map(({ reward }) => reward));
    assert.ok(best > worst, "groups without a difference are filtered before training");
    for (const { reward, advantage } of group)
      assert.equal(Math.sign(advantage ?? 0), reward === best ? 1 : -1);
  }
});

test("it is the same each time, and only training runs again", async () => {
  const stages: string[] = [];
  const again = await trainAlone({
    workspace,
    onEvent: (event) => event.type === "stage.started" && stages.push(event.stage ?? ""),
  });
  assert.deepEqual(again, first);
  assert.deepEqual(stages, ["train"]);
});
