import { TemporaryError, UsageError } from "@moonlight-rl/core";
import { describe, expect, it } from "vitest";
import { Retriable, retryAfterMs, withRetries } from "./retry.ts";

const POLICY = { retries: 2, baseDelayMs: 0, maxDelayMs: 0, maxRetryAfterMs: 1000 };
const fault = (options = {}) => new Retriable(new TemporaryError("T", "temporary"), options);

function failing(times: number, make: () => Error): { run: () => Promise<string>; calls: number } {
  const state = {
    calls: 0,
    run: () => {
      state.calls++;
      return state.calls <= times ? Promise.reject(make()) : Promise.resolve("done");
    },
  };
  return state;
}

describe("withRetries", () => {
  it("tries again as often as the policy says, then gives the error", async () => {
    expect(await withRetries(POLICY, undefined, failing(2, fault).run)).toBe("done");
    const hopeless = failing(9, fault);
    await expect(withRetries(POLICY, undefined, hopeless.run)).rejects.toMatchObject({ code: "T" });
    expect(hopeless.calls).toBe(3);
  });

  it("does not count attempts that made progress", async () => {
    const slow = failing(20, () => fault({ progressed: true }));
    expect(await withRetries(POLICY, undefined, slow.run)).toBe("done");
  });

  it("gives other errors and too long waits at once", async () => {
    const wrong = failing(1, () => new UsageError("U", "no"));
    await expect(withRetries(POLICY, undefined, wrong.run)).rejects.toMatchObject({ code: "U" });
    const later = failing(1, () => fault({ retryAfterMs: 60_000 }));
    await expect(withRetries(POLICY, undefined, later.run)).rejects.toMatchObject({
      exitCode: 75,
      hint: expect.stringContaining("60 seconds"),
    });
    expect([wrong.calls, later.calls]).toEqual([1, 1]);
  });

  it("stops waiting when interrupted", async () => {
    const controller = new AbortController();
    const waiting = withRetries(
      { ...POLICY, baseDelayMs: 1e6, maxDelayMs: 1e6 },
      controller.signal,
      failing(1, fault).run,
    );
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: "INTERRUPTED" });
  });
});

describe("retryAfterMs", () => {
  it("reads seconds, dates and the Hub's RateLimit", () => {
    const now = Date.parse("2026-01-01T00:00:00Z");
    expect(retryAfterMs({ "retry-after": "3" }, now)).toBe(3000);
    expect(retryAfterMs({ "retry-after": "Thu, 01 Jan 2026 00:00:05 GMT" }, now)).toBe(5000);
    expect(retryAfterMs({ ratelimit: '"resolvers";r=0;t=42' }, now)).toBe(42_000);
    expect(retryAfterMs({ "retry-after": "soon" }, now)).toBeUndefined();
  });
});
