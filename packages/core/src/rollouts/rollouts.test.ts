import { appendFileSync, readFileSync, truncateSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ROLLOUT_INDEX } from "./record.ts";
import { RolloutReader } from "./reader.ts";
import { RolloutRecorder, type RolloutGroup } from "./recorder.ts";

let folder: string;
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), "rollouts é-")), "a b");
});
afterEach(() => rm(join(folder, ".."), { recursive: true, force: true }));

function groups(rollout: number): RolloutGroup[] {
  return [0, 1].map((group) => ({
    question: `${group} + 1 = ?`,
    promptText: `user: ${group} + 1 = ?`,
    label: String(group + 1),
    samples: [0, 1, 2].map((index) => ({
      response: `é${"x".repeat(index)} in ${rollout}`,
      reward: group === 0 ? 1 : index % 2,
      outcome: index % 2 === 1 || group === 0 ? "correct" : "wrong",
      truncated: index === 2,
      tokenIds: [1, 2, index],
      logProbs: [-0.5, -0.25, -index],
    })),
  }));
}

async function write(from: number, to: number): Promise<void> {
  const recorder = new RolloutRecorder(folder, from);
  for (let rollout = from; rollout < to; rollout++) await recorder.record(rollout, groups(rollout));
  recorder.close();
}

function there<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("it is not there");
  return value;
}

describe("recorded rollouts", () => {
  it("come back", async () => {
    await write(0, 2);
    const reader = new RolloutReader(folder);
    const lines = await reader.rollouts();
    expect(lines).toMatchObject([
      {
        rollout: 0,
        samples: 6,
        zeroStdGroups: 1,
        outcomes: { correct: 4, wrong: 2 },
        truncated: 2,
      },
      { rollout: 1, meanTokens: 3 },
    ]);
    expect(lines[0]?.meanReward).toBeCloseTo(4 / 6);
    expect(lines[0]?.prompts).toEqual(lines[1]?.prompts);
    const line = there(lines[1]);
    const header = await reader.header(line);
    expect(await reader.samples(line, header, there(header.groups[1]), [2, 0])).toMatchObject([
      { group: 1, index: 2, response: "éxx in 1", logProbs: [-0.5, -0.25, -2] },
      { group: 1, index: 0, response: "é in 1" },
    ]);
  });

  it("are read while they are written; a torn line is not there yet", async () => {
    await write(0, 1);
    const reader = new RolloutReader(folder);
    expect(await reader.rollouts()).toHaveLength(1);
    const index = join(folder, ROLLOUT_INDEX);
    const line = readFileSync(index, "utf8").replace('"rollout":0', '"rollout":1');
    appendFileSync(index, line.slice(0, 40));
    expect(await reader.rollouts()).toHaveLength(1);
    appendFileSync(index, line.slice(40));
    expect((await reader.rollouts()).map(({ rollout }) => rollout)).toEqual([0, 1]);
  });

  it("end up the same after a resume", async () => {
    await write(0, 4);
    const undisturbed = await contents();
    const reader = new RolloutReader(folder);
    expect(await reader.rollouts()).toHaveLength(4);
    truncateSync(join(folder, ROLLOUT_INDEX), readFileSync(join(folder, ROLLOUT_INDEX)).length - 9);
    await write(2, 3);
    expect((await reader.rollouts()).map(({ rollout }) => rollout)).toEqual([0, 1, 2]);
    await write(3, 4);
    expect(await contents()).toEqual(undisturbed);
  });

  it("name the file and the byte of what is damaged", async () => {
    await write(0, 1);
    truncateSync(join(folder, "000000.ndjson"), 100);
    const reader = new RolloutReader(folder);
    const [line] = await reader.rollouts();
    await expect(reader.header(there(line))).rejects.toMatchObject({
      code: "ROLLOUT_INVALID",
      byteOffset: 100,
    });
    expect(await new RolloutReader(join(folder, "none")).rollouts()).toEqual([]);
  });
});

async function contents(): Promise<Record<string, string>> {
  const names = (await readdir(folder)).sort();
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}
