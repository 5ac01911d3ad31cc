import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { REFUSED, type FaultCase } from "./testing/fault-case.ts";
import { MODEL_FAULTS } from "./testing/model-faults.ts";
import { PROCESS_FAULTS } from "./testing/process-faults.ts";

/**
 * Every fault that a conversion is held to: a coded error that helps, an end in bounded time, nothing published, and a second
 * run that completes once the fault is gone, with a checkpoint in which `verify` finds nothing.
 */
const FAULTS: Readonly<Record<string, readonly FaultCase[]>> = {
  ...MODEL_FAULTS,
  ...PROCESS_FAULTS,
};
const IDS = Array.from({ length: 14 }, (_, i) => `C${i + 1}`);

let place = "";
beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), "moonlight-fault-"));
});
afterEach(() => rm(place, { recursive: true, force: true }));

it("is complete", () => {
  expect(Object.keys(FAULTS).toSorted()).toEqual(IDS.toSorted());
  expect(Object.values(FAULTS).filter((cases) => cases.length === 0)).toEqual([]);
});

describe.each(IDS)("%s", (id) => {
  for (const fault of FAULTS[id] ?? []) {
    const { what, code, exitCode, possible = true, ends = false } = fault;
    it.skipIf(!possible)(`${what}: ${code}`, { timeout: 120_000 }, async () => {
      const expected = { ...REFUSED, ...(ends && { published: [expect.any(String)] }) };
      expect(await fault.meet(place)).toEqual({ ...expected, code, exitCode });
    });
  }
});
