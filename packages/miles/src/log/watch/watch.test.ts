import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { eventSchema } from "@moonlight-rl/core";
import type { LogEvent } from "../log-event.ts";
import { LogReader } from "../log-reader.ts";
import { pipelineEvents, watchPipelineEvents } from "../pipeline-events.ts";
import type { Alarm, AlarmId, Hang, WatchEvent, WatchPhase } from "./watch-event.ts";
import { Watch, type WatchOptions } from "./watch.ts";

/** A watch with a clock that the test turns, fed with lines of a log. */
class Bench {
  readonly events: WatchEvent[] = [];
  now = 0;
  readonly watch: Watch;
  readonly #reader: LogReader;

  constructor(options: Omit<WatchOptions, "now"> = {}) {
    this.watch = new Watch((event) => this.events.push(event), { ...options, now: () => this.now });
    this.#reader = new LogReader((event) => this.watch.observe(event));
  }

  say(...lines: readonly string[]): this {
    this.#reader.push(Buffer.from(lines.map((line) => `${line}\n`).join("")));
    this.#reader.idle();
    return this;
  }

  /** Minutes pass, with a tick each. */
  wait(minutes: number): this {
    for (let minute = 0; minute < minutes; minute++) {
      this.now += 60_000;
      this.watch.tick();
    }
    return this;
  }

  get phases(): WatchPhase[] {
    return this.events.flatMap((event) => (event.type === "phase" ? [event.phase] : []));
  }

  get hangs(): Hang[] {
    return this.events.filter((event) => event.type === "hang");
  }

  alarms(id: AlarmId): Alarm[] {
    return this.events.filter((event): event is Alarm => event.type === "alarm" && event.id === id);
  }
}

const recorded = (name: string): Buffer =>
  readFileSync(new URL(`../../../golden/logs/${name}`, import.meta.url));

const step = (number: number, values: string): string =>
  `step ${number}: {'train/loss': 0.1, 'train/grad_norm': 0.5, ${values}}`;
const rollout = (number: number, values: string): string => `rollout ${number}: {${values}}`;
const perf = (number: number, values: string): string =>
  `perf ${number}: {'rollout/response_len/mean': 40.0, 'perf/rollout_time': 3.0, ${values}}`;

describe("Watch on a recorded run", () => {
  const events: WatchEvent[] = [];
  const seen: LogEvent[] = [];
  const watch = new Watch((event) => events.push(event), { now: () => 0, groupsPerRollout: 4 });
  const reader = new LogReader((event) => {
    seen.push(event);
    watch.observe(event);
  });
  reader.push(recorded("run.txt"));
  reader.end();

  it("follows the phases, though lines of other processes come late", () => {
    const phases = events.flatMap((event) => (event.type === "phase" ? [event.phase] : []));
    expect(phases).toEqual([
      "engines",
      "weight-update",
      "first-rollout",
      "evaluation",
      "first-rollout",
      "training",
      "saving",
      "weight-update",
      "rollout",
      "evaluation",
      "rollout",
      "training",
      "saving",
      "weight-update",
      "rollout",
      "training",
      "saving",
      "weight-update",
      "evaluation",
      "rollout",
      "ending",
    ]);
  });

  it("knows where the run stands", () => {
    expect(watch.state()).toMatchObject({
      phase: "ending",
      rollout: 2,
      step: 5,
      savedIteration: 2,
      rollouts: 3,
      steps: 6,
      evaluations: 3,
      weightUpdates: 4,
    });
  });

  it("raises the alarms of what was put into it", () => {
    const alarms = events.filter((event): event is Alarm => event.type === "alarm");
    expect(alarms.map(({ id, state, field, at }) => `${id} ${state} ${field} ${at ?? ""}`)).toEqual(
      [
        "checkpoint-data-state raised rollout/global_dataset_state_dict 19",
        "gpu-idle raised perf/wait_time_ratio 0",
        "not-finite raised train/kl_loss 2",
        "reward-zero-std raised rollout/zero_std 2",
        "reward-all-zero raised rollout/raw_reward 2",
        "not-finite cleared train/kl_loss 4",
        "gpu-idle cleared perf/wait_time_ratio 2",
        "engine-unhealthy raised engine ",
      ],
    );
    for (const { look, message } of alarms) {
      expect(look.length).toBeGreaterThan(20);
      expect(message).toMatch(/\w/);
    }
  });

  it("speaks the pipeline's own language", () => {
    const all = [
      ...seen.flatMap((event) => pipelineEvents(event, { stepsPerRollout: 2 })),
      ...events.flatMap(watchPipelineEvents),
    ];
    const metrics = all.filter((event) => event.type === "metric");
    expect(metrics.map(({ step }) => step).toSorted((a, b) => a - b)).toEqual([
      0, 0, 0, 0, 0, 0, 0, 0.5, 1, 1, 1, 1, 1, 1, 1.5, 2, 2, 2, 2, 2, 2, 2.5,
    ]);
    for (const event of all) eventSchema.parse({ ...event, time: "2026-08-11T12:00:00.000Z" });
    expect(JSON.stringify(metrics)).toContain('"train/kl_loss":"NaN"');
    expect(JSON.stringify(metrics)).not.toContain('"train/step"');
  });
});

describe("hangs", () => {
  it("explains a silence with phase and last line, once, and tells when it is over", () => {
    const bench = new Bench()
      .say("Rollout generation:  50%|█| 8/16 [00:00<00:00, 1it/s]", "something else")
      .wait(30);
    expect(bench.hangs).toHaveLength(1);
    expect(bench.hangs[0]).toMatchObject({
      state: "hung",
      phase: "first-rollout",
      manner: "silent",
      message: "no line for 21 m 0 s in phase first-rollout; last was “something else”",
    });
    expect(bench.hangs[0]?.look).toMatch(/engines/);
    expect(bench.watch.state().hang).toBeDefined();
    bench.say("hello");
    expect(bench.hangs.map(({ state }) => state)).toEqual(["hung", "over"]);
    expect(bench.watch.state().hang).toBeUndefined();
  });

  it("tells lines from progress", () => {
    const bench = new Bench().say("Timer actor_train start");
    for (let minute = 0; minute < 40; minute++)
      bench
        .say("Error: no route, retrying... (attempt 3/60, url=http://x/, response=None)")
        .wait(1);
    expect(bench.hangs).toMatchObject([
      {
        phase: "training",
        manner: "stuck",
        message:
          "lines come, but none of progress for 31 m 0 s in phase training; last was “Timer actor_train start”",
      },
    ]);
    bench.say("still no progress");
    expect(bench.hangs).toHaveLength(1);
    bench.say("Timer actor_train end (elapsed: 1.0s)");
    expect(bench.hangs.at(-1)?.state).toBe("over");
  });

  it("takes a bar that does not grow for no progress", () => {
    const bench = new Bench().say("Timer update_weights end (elapsed: 1.0s)");
    for (let minute = 0; minute < 70; minute++)
      bench.say("Rollout generation:  50%|█| 8/16 [00:00<00:00, 1it/s]").wait(1);
    expect(bench.hangs).toMatchObject([{ manner: "stuck" }]);
  });

  it("has limits of its own for each phase, which can be set", () => {
    const bench = new Bench({ phaseLimits: { starting: { silent: 120 } } })
      .say("Creating placement group with 8 GPUs...")
      .wait(3);
    expect(bench.hangs).toMatchObject([
      { phase: "starting", limit: 120, last: "Creating placement group with 8 GPUs" },
    ]);
    expect(bench.hangs[0]?.look).toMatch(/ray status/);
  });

  it("says so when there was no line at all", () => {
    expect(new Bench().wait(11).hangs[0]?.message).toBe(
      "no line for 11 m 0 s in phase starting; there was none before",
    );
  });

  it("is not hung while it works", () => {
    const bench = new Bench();
    for (let id = 0; id < 20; id++)
      bench
        .say("Rollout generation:  50%|█| 8/16 [00:00<00:00, 1it/s]")
        .wait(10)
        .say(perf(id, "'x': 1"), "Timer train start")
        .wait(10)
        .say("Timer update_weights start", "Timer update_weights end (elapsed: 1.0s)");
    expect(bench.hangs).toEqual([]);
  });
});

describe("alarms", () => {
  it("are told when they begin and when they are over, not each time", () => {
    const bench = new Bench().say(
      rollout(0, "'rollout/raw_reward': 0.5"),
      rollout(1, "'rollout/raw_reward': 0.0"),
      rollout(2, "'rollout/raw_reward': 0.0"),
      rollout(3, "'rollout/raw_reward': 0.1"),
    );
    expect(bench.alarms("reward-all-zero").map(({ state, at }) => [state, at])).toEqual([
      ["raised", 1],
      ["cleared", 3],
    ]);
    expect(bench.watch.state().alarms).toEqual([]);
  });

  it.each<[AlarmId, string, string]>([
    ["truncated", rollout(0, "'rollout/truncated': 0.1"), rollout(1, "'rollout/truncated': 0.6")],
    ["not-finite", step(0, "'train/kl_loss': 0.0"), step(1, "'train/kl_loss': nan")],
    ["kl", step(0, "'train/ppo_kl': 0.01"), step(1, "'train/ppo_kl': -3.5")],
    [
      "logprob-difference",
      step(0, "'train/train_rollout_logprob_abs_diff': 0.01"),
      step(1, "'train/train_rollout_logprob_abs_diff': 0.4"),
    ],
    [
      "logprob-difference",
      rollout(0, "'rollout/log_probs': -0.5, 'rollout/rollout_log_probs': -0.51"),
      rollout(1, "'rollout/log_probs': -0.5, 'rollout/rollout_log_probs': -0.8"),
    ],
    ["gradient-clipped", step(0, "'x': 1"), "step 1: {'train/grad_norm': 40.0}"],
    ["gradient-zero", step(0, "'x': 1"), "step 1: {'train/grad_norm': 0.0}"],
    [
      "oversampling",
      perf(0, "'rollout/dynamic_filter/drop_zero_std_0': 4"),
      perf(
        1,
        "'rollout/dynamic_filter/drop_zero_std_0': 90, 'rollout/dynamic_filter/drop_zero_std_1': 10",
      ),
    ],
    [
      "reward-zero-std",
      perf(0, "'rollout/zero_std/count_0': 1"),
      perf(1, "'rollout/zero_std/count_0': 2, 'rollout/zero_std/count_1.0': 2"),
    ],
    [
      "gpu-idle",
      "perf 0: {'perf/train_time': 5.0, 'perf/wait_time_ratio': 0.5}",
      "perf 1: {'perf/train_time': 5.0, 'perf/wait_time_ratio': 0.97}",
    ],
    [
      "engine-unhealthy",
      "Error: x, retrying... (attempt 2/60, url=http://x/, response=None)",
      "Error: x, retrying... (attempt 12/60, url=http://x/, response=None)",
    ],
  ])("%s", (id, good, bad) => {
    const bench = new Bench({ groupsPerRollout: 4 }).say(good);
    expect(bench.alarms(id)).toEqual([]);
    bench.say(bad);
    expect(bench.alarms(id)).toMatchObject([{ state: "raised" }]);
    const [alarm] = bench.alarms(id);
    if (id !== "not-finite" && id !== "gradient-zero")
      expect(Math.abs(alarm?.value ?? 0)).toBeGreaterThanOrEqual(alarm?.limit ?? Infinity);
  });

  it("sees KL explode before it is large", () => {
    const bench = new Bench();
    for (let id = 0; id < 10; id++) bench.say(step(id, `'train/ppo_kl': 0.00${id + 1}`));
    bench.say(step(10, "'train/ppo_kl': 0.2"));
    expect(bench.alarms("kl")).toMatchObject([{ field: "train/ppo_kl", value: 0.2, at: 10 }]);
  });

  it("sees responses collapse, not shrink", () => {
    const bench = new Bench();
    for (const [id, length] of [400, 420, 380, 300, 250, 220].entries())
      bench.say(rollout(id, `'rollout/response_lengths': ${length}`));
    expect(bench.alarms("response-length")).toEqual([]);
    bench.say(rollout(6, "'rollout/response_lengths': 12"));
    expect(bench.alarms("response-length")).toMatchObject([{ state: "raised", value: 12 }]);
  });

  it("sees that every gradient is clipped", () => {
    const bench = new Bench({ alarmLimits: { clippedSteps: 3 } });
    for (const [id, norm] of [1.5, 1.5, 0.5, 1.5, 2, 3].entries())
      bench.say(`step ${id}: {'train/grad_norm': ${norm}}`);
    expect(bench.alarms("gradient-clipped")).toMatchObject([{ state: "raised", at: 5, limit: 1 }]);
  });

  it("sees waves of generation from which no group is kept", () => {
    const bench = new Bench().say("Rollout generation:  25%|█| 4/16 [00:00<00:00, 1it/s]");
    for (let minute = 0; minute < 22; minute++)
      bench.say("[2026-08-11 12:00:00 TP0] Decode batch. #running-req: 512").wait(1);
    expect(bench.alarms("oversampling")).toMatchObject([
      { state: "raised", severity: "critical", message: expect.stringContaining("4 of 16") },
    ]);
    bench.say("Rollout generation:  50%|█| 8/16 [00:00<00:00, 1it/s]").wait(1);
    expect(bench.alarms("oversampling").map(({ state }) => state)).toEqual(["raised", "cleared"]);
  });

  it("sees idle GPUs, once the window is full and training has begun", () => {
    const bench = new Bench();
    const work = (util: number, minutes: number): void => {
      for (let second = 0; second < minutes * 60; second += 10) {
        bench.now += 10_000;
        for (let gpu = 0; gpu < 8; gpu++) bench.watch.observeGpu({ time: bench.now, util });
      }
    };
    work(0, 30);
    expect(bench.alarms("gpu-idle")).toEqual([]);
    bench.say("Timer train start");
    work(0, 8);
    expect(bench.alarms("gpu-idle")).toEqual([]);
    work(0, 4);
    expect(bench.alarms("gpu-idle")).toMatchObject([{ field: "gpu_util", value: 0 }]);
    work(90, 5);
    expect(bench.alarms("gpu-idle").at(-1)).toMatchObject({ state: "cleared" });
  });

  it("asks nothing of a fresh start about its data", () => {
    const bench = new Bench().say(
      "Checkpoint /s/rollout/global_dataset_state_dict_-1.pt does not exist.",
    );
    expect(bench.alarms("checkpoint-data-state")).toEqual([]);
    bench.say("Checkpoint /s/rollout/global_dataset_state_dict_19.pt does not exist.");
    expect(bench.alarms("checkpoint-data-state")).toMatchObject([{ at: 19 }]);
  });
});

describe("failures", () => {
  it("come with what usually helps", () => {
    const bench = new Bench();
    const reader = new LogReader((event) => bench.watch.observe(event));
    reader.push(recorded("gpu-oom-gpu.txt"));
    reader.end();
    expect(bench.events).toMatchObject([
      { type: "failure", failure: { category: "oom-gpu" }, advice: expect.stringContaining("GPU") },
    ]);
    expect(bench.events.flatMap(watchPipelineEvents)).toMatchObject([
      { type: "warning", code: "FAILURE_OOM_GPU" },
    ]);
  });
});

describe("ending", () => {
  it("is where the last rollout leads, whatever comes after", () => {
    const bench = new Bench({ rollouts: 1 }).say(
      perf(0, "'x': 1"),
      step(0, "'x': 1"),
      "Timer update_weights start",
      "Timer update_weights end (elapsed: 1.0s)",
    );
    expect(bench.watch.state().phase).toBe("ending");
  });
});
