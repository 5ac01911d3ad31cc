import { describe, expect, it } from "vitest";
import type { SetSummary } from "../result/summary.ts";
import { checkGate, gateVerdict, type GateInput } from "./gate.ts";
import { holds, parseRequirement } from "./requirement.ts";

const set = (name: string, changes: Partial<SetSummary> = {}): SetSummary => ({
  name,
  accuracy: 0.3,
  interval: { low: 0.2, high: 0.4 },
  meanReward: -0.4,
  passAtK: {},
  figures: {
    "avg@8": { mean: 0.3, low: 0.2, high: 0.4 },
    "pass@8": { mean: 0.5, low: 0.3, high: 0.7 },
  },
  closedShare: 0.9,
  truncatedShare: 0.05,
  repetitiveShare: 0,
  n: 8,
  problems: 30,
  comparison: {
    difference: 0.05,
    interval: { low: -0.02, high: 0.12 },
    pValue: 0.2,
    minimumDetectable: 0.1,
  },
  ...changes,
});
const sets = [set("aime"), set("math-500")];
const verdict = (input: GateInput) => gateVerdict({ sets }, input, "/store/x");

describe("a requirement", () => {
  it.each([
    ["aime.avg@8>=0.35", { set: "aime", figure: "avg@8", operator: ">=", value: 0.35 }],
    ["a.2024.avg@8.low > 35 %", { set: "a.2024", figure: "avg@8", end: "low", value: 0.35 }],
    ["pass@64<1e-3", { set: undefined, figure: "pass@64", operator: "<", value: 0.001 }],
    ["truncated<=.1", { figure: "truncated", operator: "<=", value: 0.1 }],
    ["reward>=-0.5", { figure: "reward", value: -0.5 }],
    ["x.gain.low>0", { set: "x", figure: "gain", end: "low", value: 0 }],
  ])("is read: %s", (text, expected) => {
    expect(parseRequirement(text)).toMatchObject(expected);
  });

  it.each([
    "",
    "aime",
    "avg@8=0.3",
    "avg@8>=x",
    "best@8>1",
    "p.low<1",
    "aime.avg>=0.3",
    "avg@8>=1>=0",
  ])("is refused: %s", (text) => {
    expect(() => parseRequirement(text)).toThrow(
      expect.objectContaining({ code: "EVAL_REQUIREMENT_INVALID", field: "require" }),
    );
  });

  it("does not fail by the last digit of a sum", () => {
    const sum = 0.1 + 0.2;
    expect(holds(sum, parseRequirement("avg@8<=0.3"))).toBe(true);
    expect(holds(sum, parseRequirement("avg@8>0.3"))).toBe(false);
  });
});

describe("a gate", () => {
  it.each<[GateInput, string]>([
    [{ require: ["avg@8>0"] }, "which set"],
    [{ require: ["aimee.avg@8>0"] }, "is of the set aimee"],
    [{ require: ["aime.avg@4>0"] }, "not made of 8 samples"],
    [{ require: ["aime.pass@3>0"] }, "not made of 8 samples"],
    [{ require: ["aime.gain>0"] }, "there is none"],
    [{ requireGain: true }, "something to compare with"],
  ])("is refused before anything is sampled: %j", (input, message) => {
    expect(() => checkGate(input, sets)).toThrow(message);
  });

  it("is taken where it can be looked up", () => {
    const require = ["aime.avg@8>0", "math-500.pass@4>0", "aime.gain>0", "aime.p<0.05"];
    checkGate({ require, requireGain: true, baseline: {} }, sets);
    checkGate({ require: ["avg@8>0"] }, [{ name: "x", n: undefined }]);
  });

  it("passes, or says all that was measured", () => {
    expect(verdict({})).toBeUndefined();
    expect(verdict({ require: ["aime.avg@8>=0.3", "math-500.closed>0.8"] })).toBeUndefined();
    const error = verdict({
      require: ["aime.avg@8>=0.35", "math-500.avg@8.low>0.25", "aime.truncated<0.05"],
    });
    expect(error).toMatchObject({ code: "EVAL_BELOW_GATE", exitCode: 5, file: "/store/x" });
    expect(error?.message).toContain(
      "aime.avg@8 is 0.3 (95 % interval 0.2 to 0.4), required is aime.avg@8>=0.35; math-500.avg@8 is 0.3",
    );
    expect(error?.message).toContain("aime.truncated is 0.05, required is aime.truncated<0.05");
  });

  it("takes only a gain beyond chance for one", () => {
    const error = verdict({ requireGain: true });
    expect(error?.message).toContain(
      "aime has no gain beyond chance: 0.05 (95 % interval -0.02 to 0.12), p = 0.2",
    );
    expect(error?.message).toContain("gains below 0.1 are likely to be missed");
    const sure = {
      difference: 0.05,
      interval: { low: 0.01, high: 0.09 },
      pValue: 0.01,
      minimumDetectable: null,
    };
    const better = [set("aime", { comparison: sure })];
    expect(gateVerdict({ sets: better }, { requireGain: true }, "")).toBeUndefined();
    const worse = [set("aime", { comparison: { ...sure, difference: -0.05 } })];
    expect(gateVerdict({ sets: worse }, { requireGain: true }, "")?.exitCode).toBe(5);
  });
});
