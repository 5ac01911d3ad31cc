import { describe, expect, it } from "vitest";
import { createProgram, loadProgram } from "./program.ts";

const commandsOf = async (...argv: string[]) =>
  (await createProgram("1.2.3", argv)).commands.map((command) => ({
    name: command.name(),
    description: command.description(),
  }));

describe("createProgram", () => {
  it("lists every command under the name that loads it, with its own description", async () => {
    const all = await commandsOf();
    expect(all.map(({ name }) => name)).toContain("rollout-config");
    for (const command of all) expect(await commandsOf(command.name)).toEqual([command]);
    expect(
      (await loadProgram("1.2.3")).commands.map((command) => ({
        name: command.name(),
        description: command.description(),
      })),
    ).toEqual(all);
  });

  it.each([["fech"], ["--help"], ["constructor"], ["help"]])("has all for %s", async (first) => {
    expect(await commandsOf(first)).toEqual(await commandsOf());
  });

  it("has the command that help is asked for", async () => {
    expect(await commandsOf("help", "plan")).toEqual(await commandsOf("plan"));
  });
});
