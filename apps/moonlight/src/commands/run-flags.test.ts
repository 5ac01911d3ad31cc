import { describe, expect, it } from "vitest";
import { mustReuse, paramsOf } from "./run-flags.ts";

describe("--from, --until and --only", () => {
  it("say which stages must have results", () => {
    expect(mustReuse({})).toEqual({});
    expect(mustReuse({ from: "rollout-config" })).toEqual({ mustReuse: ["fetch", "convert"] });
    expect(mustReuse({ only: "convert" })).toEqual({ mustReuse: ["fetch"] });
    expect(paramsOf({ only: "convert" }, [])).toEqual({ until: "convert" });
  });

  it.each([
    [{ only: "train", from: "fetch" } as const, "--only"],
    [{ only: "train", until: "train" } as const, "--only"],
    [{ from: "train", until: "fetch" } as const, "--from"],
  ])("%o is refused", (flags, field) => {
    expect(() => mustReuse(flags)).toThrow(expect.objectContaining({ code: "RUN_FLAGS", field }));
  });
});
