import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sampleFaults } from "./dump-sample.ts";
import { groupsOf, summarizeDump } from "./dump-summary.ts";
import { findDumps } from "./find-dumps.ts";
import { readRolloutDump } from "./read-dump.ts";

/** Written by the reference's own functions: tools/interop/dump. */
const golden = fileURLToPath(new URL("../../golden/dump/", import.meta.url));
const dumpOf = (name: string): ReturnType<typeof readRolloutDump> =>
  readRolloutDump(join(golden, "rollout_data", `${name}.pt`));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "moonlight-dump-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("rollouts that the framework kept", () => {
  it("are found in the order of their numbers, evaluations after their rollout", async () => {
    for (const path of [golden, join(golden, "rollout_data")])
      expect(
        (await findDumps(path)).map(({ rollout, evaluation }) => [rollout, evaluation]),
      ).toEqual([
        [0, false],
        [0, true],
        [1, false],
        [2, false],
        [3, false],
      ]);
    expect(await findDumps(join(golden, "rollout_data", "eval_0.pt"))).toMatchObject([
      { rollout: 0, evaluation: true },
    ]);
    await expect(findDumps(folder)).rejects.toMatchObject({ code: "DUMP_MISSING", exitCode: 3 });
    await expect(findDumps(join(folder, "none"))).rejects.toMatchObject({ code: "DUMP_MISSING" });
  });

  it("have every field of their samples", async () => {
    const { rollout, samples } = await dumpOf("0");
    expect(rollout).toBe(0);
    expect(samples).toHaveLength(12);
    expect(samples[0]).toMatchObject({
      group: 0,
      index: 0,
      prompt: [{ role: "user", content: "1 + 1" }],
      label: null,
      reward: 1,
      status: "completed",
      weightVersions: [],
    });
    expect(samples[3]).toMatchObject({ prompt: "Was ist 1 + 1? ½\n", lossMask: null });
    expect(samples[3]?.tokens).toHaveLength(7 + (samples[3]?.responseLength ?? 0));
    expect(samples[4]?.logProbs).toBeNull();
    expect(samples[2]).toMatchObject({ removed: true, weightVersions: ["0", "0"] });
    expect(samples[6]?.status).toBe("aborted");
    expect(samples[1]?.metadata).toEqual({ source: "dapo", numpy: 3, nested: { pair: [1, 2.5] } });
    expect(samples.flatMap(sampleFaults)).toEqual([]);
  });

  it("give a grader's numbers, also numpy's and those under a key", async () => {
    const numpy = await dumpOf("1");
    expect(new Set(numpy.samples.map(({ reward }) => reward))).toEqual(new Set([0, 1]));
    const keyed = (await dumpOf("3")).samples;
    expect(summarizeDump(keyed)).toMatchObject({ meanReward: null, ungraded: 12 });
    expect(summarizeDump(keyed).faults[0]).toContain("key");
    expect(summarizeDump(keyed, "score")).toMatchObject({ ungraded: 0 });
  });

  it("tell what nothing can be learned from", async () => {
    expect(summarizeDump((await dumpOf("2")).samples)).toMatchObject({
      zeroStdGroups: 3,
      meanReward: 0,
      faults: ["every reward is 0: look at the grader and at the labels"],
    });
    const one = (await dumpOf("0")).samples;
    const flat = one.map((sample) => ({ ...sample, reward: (sample.group ?? 0) % 2 }));
    expect(summarizeDump(flat).faults.join()).toContain("within each group");
    const cut = one.map((sample) => ({ ...sample, status: "truncated" as const }));
    expect(summarizeDump(cut).faults.join()).toContain("token limit");
    expect(summarizeDump([]).faults).toEqual(["there is no sample in it"]);
    expect(groupsOf(one.map((sample) => ({ ...sample, group: null })))).toHaveLength(12);
  });

  it("tell which samples contradict themselves", async () => {
    const [sample] = (await dumpOf("0")).samples;
    if (sample === undefined) throw new Error("no sample");
    expect(
      sampleFaults({
        ...sample,
        tokens: [1],
        lossMask: [1],
        logProbs: [0.5],
        reward: Number.NaN,
        response: "",
      }),
    ).toEqual([
      expect.stringContaining("1 tokens hold no response"),
      expect.stringContaining("loss_mask has 1"),
      expect.stringContaining("rollout_log_probs has 1"),
      "rollout_log_probs[0] is 0.5",
      "the reward is NaN",
      expect.stringContaining("make no text"),
    ]);
    expect(sampleFaults({ ...sample, reward: null })).toEqual(["it was never graded"]);
    const many = Array.from({ length: 9 }, () => ({ ...sample, reward: null }));
    expect(summarizeDump(many).faults.at(-1)).toBe("and 4 more of this kind");
  });

  it("are refused when they are cut off, damaged, or something else", async () => {
    const whole = await readFile(join(golden, "rollout_data", "0.pt"));
    const file = join(folder, "0.pt");
    await writeFile(file, whole.subarray(0, whole.length >> 1));
    await expect(readRolloutDump(file)).rejects.toMatchObject({ code: "ZIP_INVALID", exitCode: 4 });
    const bent = Buffer.from(whole);
    bent.write("zzzzz", bent.indexOf("samples"));
    await writeFile(file, bent);
    await expect(readRolloutDump(file)).rejects.toMatchObject({
      code: "DUMP_INVALID",
      field: "samples",
    });
    await writeFile(
      file,
      Buffer.from(whole.toString("latin1").replace("completed", "cOmpleted"), "latin1"),
    );
    await expect(readRolloutDump(file)).rejects.toMatchObject({
      code: "DUMP_INVALID",
      field: "samples.0.status",
    });
  });
});
