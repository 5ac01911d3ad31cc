import { describe, expect, it } from "vitest";
import type { FailureEvent } from "../log/log-event.ts";
import type { Job } from "../ray/job.ts";
import { adviceOf, failureError, judge, mayRetry, type AttemptEnd } from "./judge.ts";

const job = (changes: Partial<Job>): Job => ({ status: "FAILED", entrypoint: "x", ...changes });
const end = (changes: Partial<AttemptEnd>): AttemptEnd => ({
  job: job({}),
  failure: undefined,
  hang: undefined,
  steps: 8,
  from: undefined,
  lastGood: 1,
  lastRollout: 3,
  ...changes,
});
const failure = (category: FailureEvent["category"]): FailureEvent => ({
  kind: "failure",
  category,
  message: "m",
  time: undefined,
  lines: [],
  omitted: 0,
  handled: false,
  offset: 0,
  source: {},
  repeated: 1,
});

describe("judge", () => {
  it("believes success by its checkpoint only", () => {
    const said = job({ status: "SUCCEEDED", driver_exit_code: 0 });
    expect(judge(end({ job: said, lastGood: 3 }))).toEqual({ kind: "succeeded" });
    expect(judge(end({ job: said }))).toMatchObject({ category: "ended-early" });
    expect(judge(end({ job: said, lastGood: undefined, steps: 8 }))).toMatchObject({
      category: "ended-early",
    });
    for (const from of [undefined, 1])
      expect(judge(end({ job: said, from, lastGood: from, steps: undefined }))).toMatchObject({
        category: "no-step",
      });
  });

  it.each<[string, Partial<AttemptEnd>, string, boolean]>([
    ["a hang that we ended", { job: undefined, hang: "silent" }, "hang", true],
    ["a lost cluster", { job: undefined }, "head-lost", true],
    ["a stop through Ray", { job: job({ status: "STOPPED" }) }, "stopped", false],
    ["a failure in the log", { failure: failure("oom-gpu") }, "oom-gpu", true],
    ["a full disk", { failure: failure("disk-full") }, "disk-full", false],
    ["settings that miles refuses", { failure: failure("configuration") }, "configuration", false],
    ["a dead engine", { failure: failure("engine-dead") }, "engine-dead", true],
    ["SIGKILL", { job: job({ driver_exit_code: -9 }) }, "killed", true],
    ["SIGKILL told by a shell", { job: job({ driver_exit_code: 137 }) }, "killed", true],
    ["SIGTERM", { job: job({ driver_exit_code: -15 }) }, "interrupted", true],
    [
      "a supervisor that did not start",
      {
        job: job({ error_type: "JOB_SUPERVISOR_ACTOR_START_TIMEOUT", message: "not within 900 s" }),
      },
      "not-started",
      true,
    ],
    [
      "only Ray's message",
      { job: job({ driver_exit_code: 1, message: "OSError: [Errno 28] No space left on device" }) },
      "disk-full",
      false,
    ],
    ["an exit code and nothing else", { job: job({ driver_exit_code: 1 }) }, "user-code", false],
  ])("%s", (_, changes, category, again) => {
    const judgement = judge(end(changes));
    expect(judgement).toMatchObject({ kind: "failed", category });
    if (judgement.kind !== "failed") return;
    expect(mayRetry(judgement.category, 1, 2)).toBe(again);
    expect(mayRetry(judgement.category, 3, 2)).toBe(false);
    expect(adviceOf(judgement.category)).not.toBe("");
    expect(failureError(judgement, "/x/job-1.log")).toMatchObject({
      code: "TRAIN_JOB_FAILED",
      field: category,
      file: "/x/job-1.log",
    });
  });

  it("asks for another try by its exit code where the machines were at fault", () => {
    const lost = { kind: "failed", category: "head-lost", message: "m" } as const;
    expect(failureError(lost, "f").exitCode).toBe(75);
    expect(failureError({ ...lost, category: "user-code" }, "f").exitCode).toBe(1);
    expect(failureError({ ...lost, category: "no-step" }, "f").code).toBe("TRAIN_NO_STEP");
  });
});
