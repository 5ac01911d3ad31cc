import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { downloadFixture, REFUSED, type DownloadFixture } from "../testing/download-fixture.ts";
import { ANSWER_FAULTS } from "../testing/faults/answer-faults.ts";
import { CONNECTION_FAULTS } from "../testing/faults/connection-faults.ts";
import { DISK_FAULTS } from "../testing/faults/disk-faults.ts";
import type { FaultCase } from "../testing/faults/fault-case.ts";
import { HUB_FAULTS } from "../testing/faults/hub-faults.ts";
import { PROCESS_FAULTS } from "../testing/faults/process-faults.ts";
import { seededBytes } from "../testing/repo-fixture.ts";

/**
 * Every fault that a download is held to. Each case lets it last, so that the download has to fail, and then asks for
 * all four of: no wrong byte under a final name, an end in bounded time, an error with a code (and a hint), and a second
 * run that completes once the fault is gone. What passes by itself is in the files beside this one; F23 and F32 are asked
 * of the command too, in the package `fetch`.
 */
const FAULTS: Readonly<Record<string, readonly FaultCase[]>> = {
  ...CONNECTION_FAULTS,
  ...ANSWER_FAULTS,
  ...HUB_FAULTS,
  ...DISK_FAULTS,
  ...PROCESS_FAULTS,
};
/** Whoever stops us knows what to do, and a signal that cannot be caught leaves nobody to say it. */
const OWN_DOING = new Set(["INTERRUPTED", "SIGKILL"]);
const IDS = Array.from({ length: 32 }, (_, i) => `F${i + 1}`);

let fixture: DownloadFixture;
beforeAll(async () => {
  fixture = await downloadFixture({
    "model.safetensors": seededBytes(450_007),
    "config.json": "{}\n",
    "sub/more.json": "[]\n",
  });
});
afterEach(() => {
  fixture.server.setFault(undefined);
});
afterAll(() => fixture.close());

it("is complete", () => {
  expect(Object.keys(FAULTS).toSorted()).toEqual(IDS.toSorted());
  expect(Object.values(FAULTS).filter((cases) => cases.length === 0)).toEqual([]);
});

describe.each(IDS)("%s", (id) => {
  for (const { what, code, exitCode, possible = true, ...rest } of FAULTS[id] ?? [])
    it.skipIf(!possible)(`${what}: ${code}`, async () => {
      const seen = await { what, code, exitCode, ...rest }.meet(fixture);
      expect(seen).toMatchObject({ ...REFUSED, code, exitCode });
      if (!OWN_DOING.has(code)) expect(seen.hint).toMatch(/\S/);
    });
});
