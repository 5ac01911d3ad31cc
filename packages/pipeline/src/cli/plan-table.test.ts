import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { PipelinePlan } from "../plan/plan-pipeline.ts";
import { PLAIN_SCREEN } from "./io.ts";
import { planText } from "./plan-table.ts";

const golden = (name: string): string =>
  fileURLToPath(new URL(`../../golden/terminal/${name}.txt`, import.meta.url));

const PLAN: PipelinePlan = {
  pipeline: "moonlight",
  stages: [
    {
      id: "fetch",
      stage: "fetch",
      status: "hit",
      reason: "nothing changed",
      key: "0",
      seconds: 12.4,
    },
    {
      id: "rollout-config",
      stage: "rollout-config",
      status: "miss",
      reason:
        'input set[6]: (absent) → "optimizer.lr=0.01", a value that nobody has tried in this workspace',
      key: "1",
      predictedSeconds: 0.2,
      actions: [
        {
          title: "download model moonlight-rl/tiny-moonlight: 5 files, 909 kB, of which 3 are here",
          bytes: 909_021,
          diskBytes: 909_021,
          detail: "commit 73366a08a9ba",
          command: [
            "python3",
            "-c",
            "print('it is quoted so that it can be copied as a whole line')",
          ],
        },
      ],
    },
    {
      id: "train",
      stage: "train",
      status: "unknown",
      reason: "recipe comes from rollout-config, which is not done yet",
    },
  ],
  totals: {
    bytes: 909_021,
    diskBytes: 909_021,
    freeBytes: 57_900_000_000,
    seconds: 0.2,
    unknown: ["train"],
  },
};

describe("a plan", () => {
  it.each([80, 120])("fits %i columns; only commands go on, to be copied", async (width) => {
    const text = planText(PLAN, { ...PLAIN_SCREEN, columns: width });
    for (const line of text.split("\n"))
      expect(line.length <= width || line.startsWith("    $ ") ? "" : line).toBe("");
    await expect(`${text}\n`).toMatchFileSnapshot(golden(`plan-${width}`));
  });

  it("is not broken where there is no screen", async () => {
    await expect(`${planText(PLAN)}\n`).toMatchFileSnapshot(golden("plan-pipe"));
  });
});
