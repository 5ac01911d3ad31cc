import { EXIT_CODE } from "./exit-code.ts";

/** What an error can say beside its message: where the fault is and what to do about it. */
export interface ErrorDetails {
  /** One sentence that tells the reader what to do next. */
  readonly hint?: string;
  /** Dotted path of the offending field, flag or tensor. */
  readonly field?: string;
  /** The file that is at fault. */
  readonly file?: string;
  /** Offset in bytes within `file`. */
  readonly byteOffset?: number;
  readonly cause?: unknown;
}

/** Marks our errors so that they are recognised across copies of this package (no `instanceof`). */
const BRAND: unique symbol = Symbol.for("@moonlight-rl/error") as never;

/**
 * The root of every error that Moonlight RL raises on purpose.
 *
 * `code` is stable and documented (SCREAMING_SNAKE_CASE); the message is for people and may change.
 */
export class MoonlightError extends Error {
  readonly [BRAND] = true;
  readonly code: string;
  readonly exitCode: number = EXIT_CODE.failed;
  readonly hint: string | undefined;
  readonly field: string | undefined;
  readonly file: string | undefined;
  readonly byteOffset: number | undefined;

  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = details.hint;
    this.field = details.field;
    this.file = details.file;
    this.byteOffset = details.byteOffset;
  }
}

/** The caller asked for something that cannot be: unknown flag, bad value, bad configuration. */
export class UsageError extends MoonlightError {
  override readonly exitCode: number = EXIT_CODE.usage;
}

/** The request is fine but the machine or the input files are not ready for it. */
export class PreflightError extends MoonlightError {
  override readonly exitCode: number = EXIT_CODE.preflight;
}

/** Content is not what it claims to be: digest, size, shape, dtype or structure differ. */
export class VerificationError extends MoonlightError {
  override readonly exitCode: number = EXIT_CODE.verification;
}

/** An evaluation ended below the gate that the user set. */
export class GateError extends MoonlightError {
  override readonly exitCode: number = EXIT_CODE.gate;
}

/** Trying again later may work: network, busy lock, rate limit. */
export class TemporaryError extends MoonlightError {
  override readonly exitCode: number = EXIT_CODE.temporary;
}

/** The user or the system asked us to stop. */
export class InterruptedError extends MoonlightError {
  override readonly exitCode: number = EXIT_CODE.interrupted;
  constructor(message = "Interrupted.", details: ErrorDetails = {}) {
    super("INTERRUPTED", message, details);
  }
}

/** Whether a thrown value is one of ours, whichever copy of this package made it. */
export function isMoonlightError(value: unknown): value is MoonlightError {
  return typeof value === "object" && value !== null && BRAND in value;
}

/** Throws `InterruptedError` once the signal has fired. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new InterruptedError();
}
