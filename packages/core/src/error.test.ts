import { describe, expect, it } from "vitest";
import {
  GateError,
  InterruptedError,
  isMoonlightError,
  MoonlightError,
  PreflightError,
  TemporaryError,
  throwIfAborted,
  UsageError,
  VerificationError,
} from "./error.ts";
import { toMoonlightError } from "./to-moonlight-error.ts";

describe("MoonlightError", () => {
  it("carries code, place and cause", () => {
    const cause = new Error("deep");
    const error = new VerificationError("BAD_BYTES", "Bytes differ.", {
      hint: "Fetch again.",
      field: "tensor.a",
      file: "model.safetensors",
      byteOffset: 8,
      cause,
    });
    expect(error).toMatchObject({
      name: "VerificationError",
      code: "BAD_BYTES",
      exitCode: 4,
      hint: "Fetch again.",
      field: "tensor.a",
      file: "model.safetensors",
      byteOffset: 8,
      cause,
    });
    expect("cause" in new MoonlightError("X", "y")).toBe(false);
  });

  it("has one exit code per category", () => {
    const codes = [
      MoonlightError,
      UsageError,
      PreflightError,
      VerificationError,
      GateError,
      TemporaryError,
    ].map((category) => new category("X", "x").exitCode);
    expect(codes).toEqual([1, 2, 3, 4, 5, 75]);
    expect(new InterruptedError()).toMatchObject({ code: "INTERRUPTED", exitCode: 130 });
  });

  it("is recognised across copies of the package", () => {
    const brand = Symbol.for("@moonlight-rl/error");
    expect(isMoonlightError(Object.assign(new Error("other copy"), { [brand]: true }))).toBe(true);
    expect([new Error("x"), null, "x", { code: "X" }].some(isMoonlightError)).toBe(false);
  });
});

describe("toMoonlightError", () => {
  it("keeps ours, names aborts and wraps the rest", () => {
    const ours = new UsageError("X", "x");
    expect(toMoonlightError(ours)).toBe(ours);
    const aborted = AbortSignal.abort();
    expect(toMoonlightError(aborted.reason)).toMatchObject({ code: "INTERRUPTED", exitCode: 130 });
    const foreign = new TypeError("undefined is not a function");
    expect(toMoonlightError(foreign)).toMatchObject({
      code: "UNEXPECTED",
      message: foreign.message,
      cause: foreign,
      exitCode: 1,
    });
    expect(toMoonlightError("plain")).toMatchObject({ code: "UNEXPECTED", message: "plain" });
  });
});

it("throwIfAborted throws once the signal has fired", () => {
  expect(() => throwIfAborted(undefined)).not.toThrow();
  expect(() => throwIfAborted(new AbortController().signal)).not.toThrow();
  expect(() => throwIfAborted(AbortSignal.abort())).toThrow(InterruptedError);
});

describe("a disk's fault", () => {
  const errno = (code: string, syscall: string): Error =>
    Object.assign(new Error(`${code}: ${syscall}`), { code, syscall, path: "/w/x" });

  it.each([
    ["ENOSPC", "write", "DISK_FULL"],
    ["EFBIG", "write", "DISK_FULL"],
    ["EROFS", "open", "DISK_UNWRITABLE"],
    ["EACCES", "mkdir", "DISK_UNWRITABLE"],
    ["EACCES", "open", "UNEXPECTED"],
    ["ENOENT", "open", "UNEXPECTED"],
  ])("%s of %s is %s", (code, syscall, expected) => {
    const fault = errno(code, syscall);
    expect(toMoonlightError(fault)).toMatchObject({ code: expected, cause: fault });
  });
});
