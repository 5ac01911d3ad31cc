import {
  isMoonlightError,
  MoonlightError,
  UsageError,
  type ErrorDetails,
} from "@moonlight-rl/core";
import type { Grade, GradingTask } from "../grade.ts";
import type { GraderLocation } from "./custom-grader.ts";

/** Which grader a thread loads. */
export type GraderSource = { readonly name: string } | { readonly custom: GraderLocation };

export interface ThreadSetup {
  readonly grader: GraderSource;
  readonly clock: Clock;
}

/** Memory that a thread shares with its owner, who looks how long the current task has taken. */
export interface Clock {
  /** Position in the batch of the task that is being graded; -1: none. */
  readonly current: Int32Array;
  /** When it began: nanoseconds of `process.hrtime.bigint()`, which all threads of a process share. */
  readonly began: BigInt64Array;
}

export function newClock(): Clock {
  const clock = {
    current: new Int32Array(new SharedArrayBuffer(4)),
    began: new BigInt64Array(new SharedArrayBuffer(8)),
  };
  clock.current[0] = -1;
  return clock;
}

export type ThreadBatch = readonly GradingTask[];

/** What became of the task at a position in the batch. */
export interface ThreadResult {
  readonly at: number;
  readonly grade?: Grade;
  readonly error?: GraderError;
}

/** An error as data: classes do not cross threads. */
export interface GraderError {
  readonly code: string;
  readonly message: string;
  readonly details: Omit<ErrorDetails, "cause">;
  readonly usage: boolean;
}

export function describeError(thrown: unknown): GraderError {
  if (!isMoonlightError(thrown)) {
    const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    return {
      code: "GRADER_FAILED",
      message: `A grader failed: ${text}`,
      details: {},
      usage: false,
    };
  }
  const { code, message, hint, field, name } = thrown;
  const details = {
    ...(hint !== undefined && { hint }),
    ...(field !== undefined && { field }),
  };
  return { code, message, details, usage: name === "UsageError" };
}

export function reviveError({ code, message, details, usage }: GraderError): MoonlightError {
  return new (usage ? UsageError : MoonlightError)(code, message, details);
}
