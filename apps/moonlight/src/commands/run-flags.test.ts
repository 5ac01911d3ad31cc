import { describe, expect, it } from "vitest";
import { mustReuse, paramsOf, refuseForCustom } from "./run-flags.ts";

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

describe("--pipeline", () => {
  it.each([
    [{ set: ["a=1"] }, [], "--set"],
    [{ promptData: "a/b" }, [], "--prompt-data"],
    [{ only: "train" } as const, [], "--only"],
    [{ from: "train" } as const, [], "--from"],
    [{}, ["recipe.yaml"], "FILES"],
  ])("passes over nothing that is for another pipeline: %j %j", (flags, files, field) => {
    expect(() => refuseForCustom(flags, files)).toThrow(
      expect.objectContaining({ code: "RUN_FLAGS", field }),
    );
  });

  it("goes with what is for any", () => {
    refuseForCustom({ endpoint: "bundled", force: true, json: true, resume: "latest" }, []);
  });
});
