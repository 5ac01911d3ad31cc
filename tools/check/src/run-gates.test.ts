import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Gate } from "./gate.ts";
import { batches, inLanes } from "./run-gates.ts";

function gate(name: string, alone?: true): Gate {
  const run = async () => ({ passed: 1, failures: [] });
  return alone === undefined ? { name, run } : { name, run, alone };
}

test("a gate that must be alone parts those before it from those after it", () => {
  const gates = [gate("a"), gate("b"), gate("c", true), gate("d", true), gate("e"), gate("f")];
  expect(batches(gates).map((batch) => batch.map(({ name }) => name))).toEqual([
    ["a", "b"],
    ["c"],
    ["d"],
    ["e", "f"],
  ]);
});

test("lanes take what is next, never more at a time than there are lanes, and miss nothing", async () => {
  let running = 0;
  let most = 0;
  const done: number[] = [];
  await inLanes([30, 1, 1, 1, 1], 2, async (milliseconds) => {
    most = Math.max(most, ++running);
    await sleep(milliseconds);
    running--;
    done.push(milliseconds);
  });
  expect(most).toBe(2);
  expect(done.toSorted((a, b) => a - b)).toEqual([1, 1, 1, 1, 30]);
  expect(done.at(-1), "four short ones pass while the long one runs").toBe(30);
});
