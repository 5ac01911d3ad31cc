import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { z } from "zod";
import { dump } from "./dump-command.ts";
import type { DumpOutput } from "./dump-output.ts";

const golden = fileURLToPath(new URL("../../../miles/golden/dump/", import.meta.url));

async function look(given: z.input<typeof dump.input>): Promise<DumpOutput> {
  const output = await dump.run(dump.input.parse(given), undefined as never);
  return dump.output.parse(output);
}
const text = (output: DumpOutput): string => dump.present?.(output) ?? "";

describe("moonlight dump", () => {
  it("lists the rollouts of a folder", async () => {
    const output = await look({ path: golden });
    expect(output).toMatchObject({ found: 5, samples: [] });
    expect(text(output)).toContain("! 2: every reward is 0");
    const two = await look({ path: golden, limit: 2 });
    expect(two.dumps.map(({ rollout }) => rollout)).toEqual([2, 3]);
    expect(text(two)).toContain("the newest 2 of 5");
  });

  it("lists the samples of one, filtered and sorted", async () => {
    const output = await look({ path: golden, rollout: 1, sort: "reward", group: 4, limit: 3 });
    expect(output.samples.map(({ reward }) => reward)).toEqual([1, 0, 0]);
    expect(output.matching).toBe(4);
    expect(text(output)).toContain("3 of 4");
    expect(text(output)).not.toContain("\u001B");
    const file = join(golden, "rollout_data", "0.pt");
    const cut = await look({ path: file, status: "truncated", sort: "length" });
    expect(cut.samples.every(({ status }) => status === "truncated")).toBe(true);
    expect(cut.samples.map(({ length }) => length)).toEqual(
      cut.samples.map(({ length }) => length).toSorted((a, b) => b - a),
    );
    expect(await look({ path: golden, rollout: 0, eval: true })).toMatchObject({ matching: 4 });
  });

  it("shows a sample in full, harmless to a terminal", async () => {
    const output = await look({ path: golden, rollout: 0, sample: 3 });
    expect(output.sample).toMatchObject({ index: 3, group: 0, promptTokens: 7 });
    const shown = text(output);
    expect(shown).toContain("Was ist 1 + 1? ½");
    expect(shown).toContain("\\boxed{2}");
    expect(shown).not.toContain("\u001B");
  });

  it("says what is there when something is not", async () => {
    await expect(look({ path: golden, rollout: 7 })).rejects.toMatchObject({
      code: "DUMP_ROLLOUT_MISSING",
      hint: "Kept are 4, from 0 to 3.",
    });
    await expect(look({ path: golden, rollout: 1, eval: true })).rejects.toMatchObject({
      code: "DUMP_ROLLOUT_MISSING",
    });
    await expect(look({ path: golden, rollout: 1, sample: 99 })).rejects.toMatchObject({
      code: "DUMP_SAMPLE_MISSING",
    });
    await expect(look({ path: golden, sample: 3 })).rejects.toMatchObject({
      code: "DUMP_ROLLOUT_UNNAMED",
      field: "sample",
    });
  });
});
