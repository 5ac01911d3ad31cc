import {
  isMoonlightError,
  InterruptedError,
  MoonlightError,
  PreflightError,
  toMoonlightError,
  VerificationError,
  type ErrorDetails,
} from "@moonlight-rl/core";
import type { StoredFilePlan } from "./file-plan.ts";
import type { Job } from "./run-job.ts";
import type { FileDigest } from "./write-planned-file.ts";

/** A job as data. */
export interface ThreadJob extends Job {
  readonly plan: StoredFilePlan;
}

export type ThreadReply = { readonly digest: FileDigest } | { readonly error: ThreadError };

/** An error as data: classes do not cross threads. */
export interface ThreadError {
  readonly kind: string;
  readonly code: string;
  readonly message: string;
  readonly details: Omit<ErrorDetails, "cause">;
  readonly stack: string | undefined;
}

/** Memory that the threads share with their owner. */
export interface ThreadCounters {
  /** Bytes written. */
  readonly bytes: BigInt64Array;
  /** Not 0: stop. */
  readonly stop: Int32Array;
}

export function describeError(thrown: unknown): ThreadError {
  const error = toMoonlightError(thrown);
  const { name, code, message, hint, field, file, byteOffset } = error;
  const stack = isMoonlightError(thrown) || !(thrown instanceof Error) ? error.stack : thrown.stack;
  const details = Object.fromEntries(
    Object.entries({ hint, field, file, byteOffset }).filter(([, value]) => value !== undefined),
  );
  return { kind: name, code, message, details, stack };
}

export function reviveError({ kind, code, message, details, stack }: ThreadError): MoonlightError {
  const classes = { PreflightError, VerificationError, MoonlightError };
  const Kind = Object.hasOwn(classes, kind) ? classes[kind as keyof typeof classes] : undefined;
  const error =
    code === "INTERRUPTED"
      ? new InterruptedError(message, details)
      : new (Kind ?? MoonlightError)(code, message, details);
  if (stack !== undefined) error.stack = stack;
  return error;
}
