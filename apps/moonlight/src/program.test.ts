import { describe, expect, it } from "vitest";
import { createProgram } from "./program.ts";

const names = async (first?: string): Promise<string[]> =>
  (await createProgram("1.2.3", first)).commands.map((command) => command.name());

describe("createProgram", () => {
  it("has every command under the name that loads it", async () => {
    const all = await names();
    expect(all).toContain("rollout-config");
    for (const name of all) expect(await names(name)).toEqual([name]);
  });

  it.each([["fech"], ["--help"], ["constructor"], ["help"]])("has all for %s", async (first) => {
    expect(await names(first)).toEqual(await names());
  });
});
