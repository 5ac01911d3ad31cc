import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Command } from "commander";
import { beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { VerificationError } from "@moonlight-rl/core";
import { captureIo, type CapturedIo } from "../../fixtures/captured-io.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";
import { artifact } from "../artifact/artifact.ts";
import { defineStage } from "../stage/define-stage.ts";
import { defineSubcommand } from "../stage/subcommand.ts";
import { runCli } from "./run-cli.ts";
import { stageCommand } from "./stage-command.ts";

const temporary = temporaryFolder();
let io: CapturedIo;
beforeEach(() => {
  io = captureIo({ MOONLIGHT_WORKSPACE: join(temporary.path, "ws") });
});

const look = defineSubcommand({
  name: "look",
  title: "Look at words.",
  examples: ["first second --mode exact"],
  input: z.strictObject({
    word: z.string().describe("What to look at."),
    rest: z.array(z.string()).default([]).describe("More."),
    mode: z.enum(["fast", "exact"]).default("fast"),
    count: z.int().default(1),
    folder: artifact("toy").optional(),
  }),
  positionals: ["word", "rest"],
  output: z.object({ words: z.array(z.string()), mode: z.string(), files: z.number() }),
  run: async ({ word, rest, mode, folder }, { emit, workspace }) => {
    emit({ type: "log", message: `looking from ${workspace}` });
    return { words: [word, ...rest], mode, files: folder === undefined ? 0 : 1 };
  },
  verdict: ({ words }) =>
    words.includes("bad")
      ? new VerificationError("WORD_BAD", "A word is bad.", { hint: "Say another." })
      : undefined,
});
const stage = defineStage({
  name: "speak",
  from: import.meta.url,
  input: z.object({ mode: z.string().optional(), what: z.string().optional() }),
  positionals: ["what"],
  output: z.object({ mode: z.string(), what: z.string() }),
  run: async ({ mode = "none", what = "nothing" }) => ({ mode, what }),
  commands: [look],
});

const run = (...argv: string[]): Promise<number> => runCli(stageCommand(stage), argv, io);
const summary = (): Record<string, unknown> => io.lines().at(-1) ?? {};

describe("a subcommand", () => {
  it("takes its arguments and flags, and prints its output", async () => {
    expect(await run("look", "a", "b", "c", "--mode", "exact")).toBe(0);
    expect(io.out()).toBe("output  value\nwords   a, b, c\nmode    exact\nfiles   0\n");
    expect(io.err()).toContain(`speak: looking from ${join(temporary.path, "ws")}`);
  });

  it("keeps its flags apart from the stage's, and shares those of every command", async () => {
    expect(await run("--json", "look", "a", "--mode", "fast")).toBe(0);
    expect(summary()).toEqual({
      type: "summary",
      status: "ok",
      stage: "speak",
      command: "look",
      output: { words: ["a"], mode: "fast", files: 0 },
    });
  });

  it("opens folders as artifacts", async () => {
    const folder = join(temporary.path, "toy");
    await mkdir(folder);
    await writeFile(join(folder, "a"), "a");
    expect(await run("look", "a", "--folder", folder, "--json")).toBe(0);
    expect(summary()).toMatchObject({ output: { files: 1 } });
  });

  it("tells its output before its verdict, whose class gives the exit code", async () => {
    expect(await run("look", "bad")).toBe(4);
    expect(io.out()).toContain("words   bad");
    expect(io.err()).toContain("error WORD_BAD: A word is bad.\n  hint: Say another.");
    io = captureIo();
    expect(await run("look", "bad", "--json")).toBe(4);
    expect(io.lines().filter(({ type }) => type === "summary")).toEqual([
      expect.objectContaining({
        status: "failed",
        exitCode: 4,
        error: { code: "WORD_BAD", message: "A word is bad.", hint: "Say another." },
        output: { words: ["bad"], mode: "fast", files: 0 },
      }),
    ]);
  });

  it.each([
    [["look"], "MISSING_ARGUMENT"],
    [["look", "a", "--word", "b"], "UNKNOWN_FLAG"],
    [["look", "a", "--mode", "slow"], "INVALID_FLAG"],
    [["look", "a", "--count", "1.5"], "INVALID_INPUT"],
  ])("%j is refused as %s", async (argv, code) => {
    expect(await run(...argv)).toBe(2);
    expect(io.err()).toContain(`error ${code}: `);
  });

  it("is in its stage's help, and has one of its own", async () => {
    const program = new Command("moonlight").addCommand(stageCommand(stage));
    expect(await runCli(program, ["speak", "--help"], io)).toBe(0);
    expect(io.out()).toMatch(
      /Commands:\n {2}look \[options\] <word> \[rest\.\.\.\] +Look at words/,
    );
    io = captureIo();
    expect(await runCli(program, ["speak", "look", "--help"], io)).toBe(0);
    expect(io.out()).toMatch(/^Examples:\n {2}\$ moonlight speak look first second --mode exact\n/);
    expect(io.out()).toMatch(/Arguments:\n {2}word +What to look at\./);
    expect(io.out()).not.toContain("--word");
  });
});

describe("a stage's positional field", () => {
  it("is taken with or without its flag, and not both", async () => {
    expect(await run("hello", "--mode", "m", "--json")).toBe(0);
    expect(summary()).toMatchObject({ output: { mode: "m", what: "hello" } });
    expect(await run("--what", "hello", "--json")).toBe(0);
    expect(summary()).toMatchObject({ output: { what: "hello" } });
    expect(await run("hello", "--what", "hello")).toBe(2);
    expect(io.err()).toContain("error INVALID_FLAG: --what is given twice");
    expect(await run("hello", "again")).toBe(2);
    expect(io.err()).toContain("error EXCESS_ARGUMENTS: ");
  });

  it("must be a field", () => {
    const wrong = { ...stage, positionals: ["nothing"] as never };
    expect(() => stageCommand(wrong)).toThrow(expect.objectContaining({ field: "nothing" }));
  });
});
