import { describe, expect, it } from "vitest";
import { parseArgv } from "./parse-argv.ts";

const REQUIRED = ["--rollout-batch-size", "128"];

function fault(...argv: string[]): string | undefined {
  return parseArgv([...REQUIRED, ...argv]).fault?.message;
}

describe("parseArgv", () => {
  it("fills defaults, converts values and lets the last one win", () => {
    const { namespace, given } = parseArgv([...REQUIRED, "--lr", "1e-6", "--lr=2e-6", "--swiglu"]);
    expect(namespace.get("rollout_batch_size")).toBe(128);
    expect(namespace.get("lr")).toBe(2e-6);
    expect(namespace.get("swiglu")).toBe(true);
    expect(namespace.get("adam_beta1")).toBe(0.9);
    expect(namespace.get("train_env_vars")).toEqual({});
    expect(given.has("adam_beta1")).toBe(false);
  });

  it("keeps spelling and position of every token", () => {
    const { tokens } = parseArgv([...REQUIRED, "--lr=1e-6", "--eval-prompt-data", "a", "b"]);
    expect(tokens.map(({ spelling, position, joined }) => [spelling, position, joined])).toEqual([
      ["--rollout-batch-size", 0, false],
      ["--lr", 2, true],
      ["--eval-prompt-data", 3, false],
    ]);
    expect(tokens[2]?.values.map(({ text, position }) => [text, position])).toEqual([
      ["a", 4],
      ["b", 5],
    ]);
  });

  it("takes a plain negative number for a value, a scientific one for a flag", () => {
    expect(fault("--lr", "-0.001")).toBeUndefined();
    expect(fault("--lr", "-1e-6")).toBe("expected one argument");
  });

  it("refuses what argparse refuses", () => {
    expect(fault("--nosuch-flag", "1")).toBe("unrecognized arguments: --nosuch-flag 1");
    expect(fault("--colocate=true")).toBe("ignored explicit argument 'true'");
    expect(fault("--num-rollout", "10.5")).toBe("invalid int value: '10.5'");
    expect(fault("--optimizer", "lion")).toMatch(/^invalid choice: 'lion' \(choose from 'adam'/);
    expect(fault("--eval-prompt-data")).toBe("expected at least one argument");
    expect(parseArgv([]).fault?.message).toMatch(/required: --rollout-batch-size$/);
  });

  it("reports Python's own exceptions with their type", () => {
    const { fault: found } = parseArgv([...REQUIRED, "--attention-backend", "bogus"]);
    expect(found).toMatchObject({ type: "KeyError", position: 2 });
  });

  it("abbreviates only in the parser that looks for the backend", () => {
    const argv = ["--rollout-batch", "64"];
    expect(parseArgv(argv).fault?.message).toMatch(/required/);
    expect(parseArgv(argv, "backend").namespace.get("rollout_batch_size")).toBe(64);
    expect(parseArgv(["--rollout", "64"], "backend").fault?.message).toMatch(/^ambiguous option/);
  });

  it.each([
    ["2", 2],
    ["[0]+[1]*26", [0, ...Array.from({ length: 26 }, () => 1)]],
    ["([1]*2+[0])*2", [1, 1, 0, 1, 1, 0]],
  ])("reads the layer pattern %s", (text, value) => {
    const { namespace } = parseArgv([...REQUIRED, "--moe-layer-freq", text]);
    expect(namespace.get("moe_layer_freq")).toEqual(value);
  });
});
