import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runCli } from "@moonlight-rl/pipeline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createProgram } from "../program.ts";

const RUN = fileURLToPath(
  new URL("../../../../packages/miles/golden/logs/run.txt", import.meta.url),
);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "logs-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function logs(
  ...argv: readonly string[]
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  let [out, err] = ["", ""];
  const code = await runCli(await createProgram("1.2.3", ["logs"]), ["logs", ...argv], {
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    env: {},
  });
  return { code, out, err };
}

async function saved(text: string): Promise<string> {
  const file = join(folder, "job.log");
  await writeFile(file, text);
  return file;
}

describe("moonlight logs", () => {
  it("shows the rollouts of a recorded run with units, and what went wrong", async () => {
    const { code, out } = await logs(RUN, "--groups", "4");
    expect(code).toBe(0);
    const [head, ...rows] = out.split("\n\n")[0]?.split("\n") ?? [];
    expect(head).toMatch(
      /rollout +reward +response \(tokens\) .*grad norm \(max\) .*rollout \(s\)/,
    );
    expect(rows).toHaveLength(3);
    expect(rows[1]).toMatch(/^ +1 +0\.5 .* 25\.0 % .* Infinity /);
    expect(out).toContain("reward-all-zero: every reward of rollout 2 is 0");
    expect(out).toMatch(/at the end: phase ending, rollout 2, step 5, checkpoint of iteration 2/);
  });

  it("shows steps", async () => {
    const { out } = await logs(RUN, "--steps");
    const rows = out.split("\n\n")[0]?.split("\n") ?? [];
    expect(rows).toHaveLength(1 + 7);
    expect(rows[5]).toMatch(/^ +2 +critic +.* 0\.5/);
  });

  it("writes each event and each finding as a line of JSON, with a summary at the end", async () => {
    const { out } = await logs(RUN, "--json");
    const lines = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const types = new Set(lines.map(({ type }) => type));
    for (const type of [
      "rollout",
      "step",
      "perf",
      "eval",
      "phase",
      "alarm",
      "failure",
      "checkpoint",
    ])
      expect(types).toContain(type);
    expect(types).not.toContain("plain");
    expect(lines.find(({ type, step }) => type === "step" && step === 2)).toMatchObject({
      values: { "train/kl_loss": "NaN", "train/grad_norm": "Infinity" },
    });
    expect(lines.at(-1)).toMatchObject({
      type: "summary",
      status: "ok",
      steps: 6,
      phase: "ending",
    });
  });

  it("leaves everything but what is wrong out with --alarms", async () => {
    const { out } = await logs(RUN, "--alarms", "--json");
    const types = out
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as { type: string }).type);
    expect(new Set(types)).toEqual(new Set(["alarm", "failure", "summary"]));
    expect((await logs(RUN, "--alarms")).out).not.toContain("response (tokens)");
  });

  it("finds a silence between two stamps", async () => {
    const line = (time: string, message: string): string =>
      `[2026-08-11 ${time}.000 actor_cell0_rank0] timer.py:1 - ${message}\n`;
    const { out } = await logs(
      await saved(
        line("12:00:00", "Timer actor_train start") +
          line("12:40:00", "Timer actor_train end (elapsed: 2400.0s)"),
      ),
    );
    expect(out).toContain(
      "hang  no line for 40 m 0 s in phase training; last was “Timer actor_train start”",
    );
    expect(out).toContain("went on  training");
  });

  it("says so when there is nothing", async () => {
    expect((await logs(await saved(""))).out).toBe(
      "The log holds no rollout.\n\nnothing wrong was found\n\nat the end: phase starting\n",
    );
  });

  it("refuses a file that it cannot read", async () => {
    const { code, err } = await logs(join(folder, "missing.log"));
    expect(code).toBe(3);
    expect(err).toContain("FILE_UNREADABLE");
  });

  it("refuses a number of groups that is none", async () => {
    expect((await logs(RUN, "--groups", "0")).code).toBe(2);
  });
});
