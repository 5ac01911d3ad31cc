import { afterEach, describe, expect, it, vi } from "vitest";
import { countOutput, skipLine, Tally } from "./tally.ts";

afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

/** What a check would print, and the exit code it leaves. */
function printed(use: (tally: Tally) => void): { output: string; exitCode: unknown } {
  const lines: string[] = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => lines.push(line));
  const tally = new Tally();
  use(tally);
  tally.finish();
  return { output: lines.join("\n"), exitCode: process.exitCode };
}

describe("Tally", () => {
  it("prints each disagreement, each reason to skip once, and the end", () => {
    const { output, exitCode } = printed((tally) => {
      tally.pass();
      tally.fail("case 7: reference 1, ours 0");
      tally.skip("no grader");
      tally.skip("no grader");
    });
    expect(output).toBe(
      "FAIL  case 7: reference 1, ours 0\nskip  2 × no grader\n1 passed, 1 failed",
    );
    expect(exitCode).toBe(1);
    expect(countOutput(`${output}\n`)).toEqual({ passed: 1, failed: 1, skipped: 2 });
  });

  it("fails when nothing was checked", () => {
    expect(printed(() => undefined)).toEqual({
      output: "FAIL  nothing was checked\n0 passed, 1 failed",
      exitCode: 1,
    });
  });
});

describe("countOutput", () => {
  it("knows no end but the agreed one", () => {
    expect(countOutput("ok    a\n2 passed, 0 failed\n")).toEqual({
      passed: 2,
      failed: 0,
      skipped: 0,
    });
    expect(countOutput(`skip  needs --miles\n${skipLine(3, "x")}\n0 passed, 0 failed`)).toEqual({
      passed: 0,
      failed: 0,
      skipped: 4,
    });
    expect(countOutput("2 passed, 0 failed\nTraceback …")).toBeUndefined();
    expect(countOutput("")).toBeUndefined();
  });
});
