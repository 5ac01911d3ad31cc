import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { RolloutRecorder, type RolloutGroup } from "@moonlight-rl/core";

export interface RunSize {
  readonly rollouts: number;
  readonly groups: number;
  /** Of each group. */
  readonly samples: number;
}

/** The rollout whose responses are as long as those of a model that thinks. */
const LONG_ROLLOUT = 2;
const LONG_TOKENS = 6_000;
/** Prompts that come again and again. */
const PROMPTS = 512;
const STARTED = Date.parse("2026-01-02T03:04:05.000Z");
/** Events are written in pieces of so many rollouts. */
const PIECE = 200;

/**
 * Makes a workspace with one run whose training is under way, in the format of a real one: run.json, journal, events, and every
 * sample in the scratch folder of the train stage. A function of its size alone. Memory: one rollout, and a piece of the events.
 */
export async function makeRun(workspace: string, size: RunSize, number = 0): Promise<string> {
  const id = `20260102-030405-${number.toString(16).padStart(4, "0")}`;
  const key = createHash("sha256")
    .update(`${id} ${JSON.stringify(size)}`)
    .digest("hex");
  const folder = join(workspace, "runs", id);
  await mkdir(folder, { recursive: true });
  const time = (rollout: number): string => new Date(STARTED + rollout * 1_000).toISOString();
  const host = { platform: "linux", arch: "x64" };
  const record = {
    contract: 1,
    id,
    pipeline: "moonlight",
    params: { profile: "tiny", seed: number },
  };
  await writeFile(
    join(folder, "run.json"),
    JSON.stringify({
      ...record,
      versions: { node: "20.19.0" },
      host,
      started: time(0),
      finished: time(size.rollouts),
      status: "interrupted",
    }),
  );
  await writeFile(
    join(folder, "journal.ndjson"),
    `${JSON.stringify({ type: "opened", time: time(0), pid: 1, host: "host" })}\n`,
  );
  const line = (event: object, at: number, stage?: string): string =>
    `${JSON.stringify({ ...event, time: time(at), run: id, ...(stage === undefined ? {} : { stage }) })}\n`;
  let events =
    line({ type: "run.started", pipeline: "moonlight", params: record.params, resumed: false }, 0) +
    line(
      { type: "stage.started", key, input: {}, reason: "never run in this workspace" },
      0,
      "train",
    );
  const file = join(folder, "events.ndjson");
  await writeFile(file, "");
  const recorder = new RolloutRecorder(join(workspace, "scratch", key, "save", "rollouts"), 0);
  for (let rollout = 0; rollout < size.rollouts; rollout++) {
    const groups = rolloutGroups(rollout, size);
    await recorder.record(rollout, groups);
    const rewards = groups.flatMap(({ samples }) => samples.map(({ reward }) => reward));
    const mean = rewards.reduce((sum, reward) => sum + reward, 0) / rewards.length;
    events += line(
      {
        type: "metric",
        step: rollout,
        values: { "rollout/raw_reward": mean, "train/pg_loss": Math.sin(rollout / 40) / 10 },
      },
      rollout,
      "train",
    );
    events += line(
      {
        type: "progress",
        task: "rollouts",
        done: rollout + 1,
        total: size.rollouts,
        unit: "rollouts",
      },
      rollout,
      "train",
    );
    if (rollout % 100 === 7)
      events += line(
        { type: "warning", code: "ALARM_ENTROPY", message: `entropy fell at rollout ${rollout}` },
        rollout,
        "train",
      );
    if (rollout % PIECE === PIECE - 1 || rollout === size.rollouts - 1) {
      await writeFile(file, events, { flag: "a" });
      events = "";
    }
  }
  recorder.close();
  return id;
}

function rolloutGroups(rollout: number, { groups, samples }: RunSize): RolloutGroup[] {
  return Array.from({ length: groups }, (_, group) => {
    const prompt = (rollout * groups + group) % PROMPTS;
    const [a, b] = [prompt % 90, 7 + (prompt % 53)];
    return {
      question: `${a} + ${b} = ?`,
      promptText: `<|im_user|>user<|im_middle|>${a} + ${b} = ?<|im_end|>`,
      label: String(a + b),
      samples: Array.from({ length: samples }, (_unused, index) => {
        const noise = Math.imul(rollout * 31 + group * 17 + index * 7 + 1, 2654435761) >>> 0;
        const right = noise % 1000 < 200 + Math.min(600, rollout);
        const answer = String(right ? a + b : a + b + 1 + (noise % 5));
        const thoughts = rollout === LONG_ROLLOUT ? LONG_TOKENS : 0;
        const tokens = [
          ...Array.from({ length: thoughts }, (_token, t) =>
            t % 12 === 11 ? ".\n" : ` ${t % 97}`,
          ),
          "\\boxed{",
          ...answer,
          "}",
        ];
        return {
          response: tokens.join(""),
          reward: right ? 1 : 0,
          advantage: right ? 0.7 : -0.7,
          outcome: right ? "correct" : "wrong",
          truncated: false,
          extracted: answer,
          tokens,
          logProbs: tokens.map((_token, t) => -((noise >>> t) % 97) / 50),
        };
      }),
    };
  });
}
