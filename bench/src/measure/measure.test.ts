import { describe, expect, it } from "vitest";
import { median } from "./median.ts";
import { parseSize } from "./size.ts";
import { timedCommand } from "./timed-command.ts";

describe("median", () => {
  it("is the middle value, or the mean of the two middle ones", () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([4, 1, 2, 8])).toBe(3);
    expect(() => median([])).toThrow("nothing was measured");
  });
});

describe("parseSize", () => {
  it("reads decimal units and refuses the rest", () => {
    expect(["4GB", "512MB", "1.5 kB", "7"].map(parseSize)).toEqual([4e9, 512e6, 1500, 7]);
    expect(["", "-1", "4GiB", "0", "1e99"].map(parseSize)).toEqual(Array(5).fill(undefined));
  });
});

describe("timedCommand", () => {
  it("adds the peak memory of a command and of the processes it starts", async () => {
    const hold = "const a = Buffer.alloc(150e6, 1); setTimeout(() => a, 300);";
    const alone = await timedCommand(process.execPath, ["-e", hold]);
    expect(alone.peakRss).toBeGreaterThan(150e6);
    const both = await timedCommand(process.execPath, [
      "-e",
      `require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(hold)}]);${hold}`,
    ]);
    expect(both.peakRss).toBeGreaterThan(350e6);
  });

  it("fails with the line that names the error", async () => {
    const fails = ["-e", "console.error('before'); throw new RangeError('too much')"];
    await expect(timedCommand(process.execPath, fails)).rejects.toThrow(
      /exit 1.*RangeError: too much/s,
    );
    await expect(timedCommand("no-such-command", [])).rejects.toThrow("no-such-command");
  });
});
