import { MoonlightError, TemporaryError } from "@moonlight-rl/core";
import type { FailureEvent } from "../log/log-event.ts";
import {
  classifyFailure,
  FAILURE_ADVICE,
  type FailureCategory,
} from "../log/message/classify-failure.ts";
import type { Job } from "../ray/job.ts";

/** How a job ended, as far as can be seen from outside. */
export interface AttemptEnd {
  /** undefined: the cluster has lost the job. */
  readonly job: Job | undefined;
  readonly failure: FailureEvent | undefined;
  /** Why we ended it, when we did. */
  readonly hang: string | undefined;
  /** Optimizer steps by the log. */
  readonly steps: number | undefined;
  /** Newest iteration to go on from, before and after. */
  readonly from: number | undefined;
  readonly lastGood: number | undefined;
  readonly lastRollout: number;
}

export type EndCategory =
  | FailureCategory
  | "hang"
  | "killed"
  | "head-lost"
  | "ended-early"
  | "not-started"
  | "no-step"
  | "stopped";

export type Judgement =
  | { readonly kind: "succeeded" }
  | { readonly kind: "failed"; readonly category: EndCategory; readonly message: string };

/** Trying these again will not help, or nobody asked for it. */
const FINAL: ReadonlySet<EndCategory> = new Set([
  "disk-full",
  "configuration",
  "user-code",
  "no-step",
  "stopped",
]);

const ADVICE: Readonly<Record<Exclude<EndCategory, FailureCategory>, string>> = {
  hang: "Look at what the job waited for; its log is kept.",
  killed:
    "The process was killed from outside, by lack of memory most likely: the kernel's log of that node says so.",
  "head-lost": "The Ray head has ended: its logs say why.",
  "ended-early": "The framework ended successfully before its last rollout.",
  "not-started": "Ray could not start the job: look at the cluster's resources and at Ray's logs.",
  "no-step":
    "The framework ends with success when it has nothing to do: compare rollout.numRollout with the checkpoint that it loads.",
  stopped: "The same command goes on from the last checkpoint.",
};

type Failed = Extract<Judgement, { readonly kind: "failed" }>;

function failed(category: EndCategory, message: string): Failed {
  return { kind: "failed", category, message };
}

/** Judges by evidence: a job that says that it succeeded has the last rollout's checkpoint to show. */
export function judge(end: AttemptEnd): Judgement {
  const { lastGood, lastRollout } = end;
  const failure = judgeFailure(end);
  if (failure !== undefined) return failure;
  if (lastGood === lastRollout) return { kind: "succeeded" };
  if (lastGood === end.from && (end.steps ?? 0) === 0)
    return failed(
      "no-step",
      "The job reports success, took no optimizer step and left no new checkpoint.",
    );
  return failed(
    "ended-early",
    `The job reports success, and its last checkpoint is of rollout ${lastGood ?? "none"}, not ${lastRollout}.`,
  );
}

/** Why a job failed; undefined where it says itself that it succeeded. */
export function judgeFailure({
  job,
  failure,
  hang,
}: Pick<AttemptEnd, "job" | "failure" | "hang">): Failed | undefined {
  if (hang !== undefined) return failed("hang", `The job hung and was ended: ${hang}`);
  if (job === undefined) return failed("head-lost", "The cluster has lost the job.");
  if (job.status === "STOPPED") return failed("stopped", "The job was stopped by somebody else.");
  if (job.status === "SUCCEEDED") return undefined;
  if (failure !== undefined)
    return failed(failure.category, `${failure.exception ?? "The job failed"}: ${failure.message}`);
  return byExit(job);
}

function byExit(job: Job): Failed {
  const { driver_exit_code: code, error_type: type, message } = job;
  const said = message?.trim().split("\n").at(-1)?.slice(0, 300) ?? "";
  if (code === -9 || code === 137) return failed("killed", "The job was killed (SIGKILL).");
  if (code === -15 || code === 143) return failed("interrupted", "The job was ended by SIGTERM.");
  if (type?.startsWith("JOB_SUPERVISOR") === true) return failed("not-started", said);
  return failed(
    classifyFailure(message ?? ""),
    `The job failed${typeof code === "number" ? ` with exit code ${code}` : ""}: ${said}`,
  );
}

/**
 * Whether another try makes sense.
 *
 * @param fruitless tries in a row without a new checkpoint, this one included
 */
export function mayRetry(category: EndCategory, fruitless: number, retries: number): boolean {
  return !FINAL.has(category) && fruitless <= retries;
}

/** The error of a run that is given up. */
export function failureError({ category, message }: Failed, logFile: string): MoonlightError {
  const details = { field: category, file: logFile, hint: adviceOf(category) };
  if (category === "no-step") return new MoonlightError("TRAIN_NO_STEP", message, details);
  if (category === "preempted" || category === "node-died" || category === "head-lost")
    return new TemporaryError("TRAIN_JOB_FAILED", message, details);
  return new MoonlightError("TRAIN_JOB_FAILED", message, details);
}

export function adviceOf(category: EndCategory): string {
  return category in ADVICE
    ? ADVICE[category as keyof typeof ADVICE]
    : FAILURE_ADVICE[category as FailureCategory];
}
