import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { withoutAnsi } from "./ansi.ts";
import { LineDresser } from "./line-prefix.ts";

const undress = (line: string): ReturnType<LineDresser["undress"]> =>
  new LineDresser().undress(line);

describe("LineDresser", () => {
  it.each([
    ["(RolloutManager pid=7) hello", { actor: "RolloutManager", pid: 7 }, "hello"],
    [
      "\u001B[36m(MegatronTrainRayActor pid=71, ip=10.0.0.2)\u001B[0m hello",
      { actor: "MegatronTrainRayActor", pid: 71, ip: "10.0.0.2" },
      "hello",
    ],
    ["(pid=71) hello", { pid: 71 }, "hello"],
    ["(raylet) hello", { actor: "raylet" }, "hello"],
    ["(raylet, ip=10.0.0.3) hello", { actor: "raylet", ip: "10.0.0.3" }, "hello"],
    ["\u001B[33m(raylet)\u001B[0m hello", { actor: "raylet" }, "hello"],
    ["(autoscaler +1m3s) hello", { actor: "autoscaler" }, "hello"],
    ["(f(x) pid=3) hello", { actor: "f(x)", pid: 3 }, "hello"],
    ["(RolloutManager pid=7) ", { actor: "RolloutManager", pid: 7 }, ""],
  ])("reads Ray's prefix of %j", (line, source, message) => {
    expect(undress(line)).toMatchObject({ source, message, headed: false, repeated: 1 });
  });

  it.each(["(not a prefix) hello", "(pid=x) hello", "( ) hello", "(", "()"])(
    "leaves %j as it stands",
    (line) => {
      expect(undress(line)).toMatchObject({ source: {}, message: line });
    },
  );

  it("reads the framework's header behind it", () => {
    expect(
      undress(
        "(A pid=1) [2026-08-11 12:00:00.123 actor_cell0_rank0] timer.py:31 - Timer train start",
      ),
    ).toEqual({
      source: { actor: "A", pid: 1, process: "actor_cell0_rank0" },
      message: "Timer train start",
      time: "2026-08-11 12:00:00.123",
      headed: true,
      repeated: 1,
    });
  });

  it("reads a header without a name, and the engine's", () => {
    expect(undress("[2026-08-11 12:00:00.123 ] a.py:1 - x - y")).toMatchObject({
      source: {},
      message: "x - y",
      headed: true,
    });
    expect(undress("[2026-08-11 12:00:00 DP1 TP0] Decode batch.")).toMatchObject({
      source: { process: "DP1 TP0" },
      message: "Decode batch.",
      time: "2026-08-11 12:00:00",
    });
  });

  it("counts what Ray folded", () => {
    expect(
      undress("(A pid=1) hello\u001B[32m [repeated 12x across cluster]\u001B[0m"),
    ).toMatchObject({ message: "hello", repeated: 12 });
    expect(
      undress(
        "(A pid=1) hello [repeated 3x across cluster] (Ray deduplicates logs by default. Set RAY_DEDUP_LOGS=0 to disable log deduplication, or see https://docs.ray.io/x for more options.)",
      ),
    ).toMatchObject({ message: "hello", repeated: 3 });
  });

  it("gives lines of one process one source, and forgets when there are too many", () => {
    const dresser = new LineDresser();
    const one = dresser.undress("(A pid=1) x").source;
    dresser.undress("(B pid=2) x");
    expect(dresser.undress("(A pid=1) y").source).toBe(one);
    for (let pid = 0; pid < 10_000; pid++) dresser.undress(`(A pid=${pid}) x`);
    expect(dresser.undress("(A pid=1) y").source).toEqual(one);
  });

  it("throws at nothing", () => {
    const dresser = new LineDresser();
    const part = fc.constantFrom(
      "(",
      ")",
      " ",
      "pid=",
      "1",
      "[",
      "]",
      "2026-08-11 12:00:00",
      ".123",
      " - ",
      "\u001B",
      "[3",
      "m",
      "a",
      "x across cluster]",
      " [repeated 3",
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
        expect(typeof dresser.undress(parts.join("")).message).toBe("string");
      }),
    );
  });
});

describe("withoutAnsi", () => {
  it.each([
    ["\u001B[1;31mred\u001B[0m", "red"],
    ["a\u001B[2Kb\u001B[1Ac\u001B[?25hd", "abcd"],
    ["\u001B]0;title\u0007text", "text"],
    ["\u001B]8;;http://x\u001B\\link\u001B]8;;\u001B\\", "link"],
    ["\u001BMup", "up"],
    ["plain", "plain"],
    ["torn \u001B[3", "torn \u001B[3"],
    ["torn \u001B", "torn \u001B"],
  ])("takes terminal sequences out of %j", (text, plain) => {
    expect(withoutAnsi(text)).toBe(plain);
  });
});
