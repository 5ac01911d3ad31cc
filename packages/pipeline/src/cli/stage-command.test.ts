import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Command } from "commander";
import { beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { eventSchema, GateError } from "@moonlight-rl/core";
import { captureIo, type CapturedIo } from "../../fixtures/captured-io.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";
import { numbers } from "../../fixtures/toy-stages.ts";
import { artifact } from "../artifact/artifact.ts";
import { unkeyed } from "../schema/unkeyed.ts";
import { defineStage, type Stage } from "../stage/define-stage.ts";
import type { StageCommandOptions } from "./common-options.ts";
import { runCli } from "./run-cli.ts";
import { stageCommand } from "./stage-command.ts";

const temporary = temporaryFolder();
let io: CapturedIo;
beforeEach(() => {
  io = captureIo({ MOONLIGHT_WORKSPACE: join(temporary.path, "ws") });
});

const inputSchema = z.object({
  model: artifact("hf-model").describe("Model to work on."),
  more: z.array(artifact("hf-model")).default([]),
  mode: z.enum(["fast", "exact"]).default("fast").describe("How."),
  clipGrad: z.number().nullable().default(1),
  useKl: z.boolean().default(true),
  set: z.array(z.string()).default([]),
  labels: z.record(z.string(), z.json()).default({}),
  engine: z.object({ threads: unkeyed(z.int().default(2)), seed: z.int().default(7) }).optional(),
  source: z.union([z.string(), z.object({ repo: z.string() })]).optional(),
});
/** Returns its input, so that tests see what the command line became. */
const echo = defineStage({
  name: "echo",
  title: "Say the input.",
  from: import.meta.url,
  examples: ["--model ./m --mode exact"],
  input: inputSchema,
  output: z.object({ input: z.json() }),
  run: async ({ model, more, ...input }) => ({
    input: { ...input, model: model.path, more: more.map(({ path }) => path) } as never,
  }),
});

const run = (argv: readonly string[], stage: Stage = echo, options: StageCommandOptions = {}) =>
  runCli(stageCommand(stage, options), argv, io);
const summary = (): Record<string, unknown> => io.lines().at(-1) ?? {};
const inputOf = (): unknown => (summary()["output"] as { input: unknown }).input;
const folder = async (name = "m"): Promise<string> => {
  const path = join(temporary.path, name);
  await mkdir(path);
  await writeFile(join(path, "config.json"), name);
  return path;
};
const flagError = async (...argv: string[]): Promise<Record<string, unknown>> => {
  const exitCode = await run(["--json", ...argv]);
  return { ...(summary()["error"] as object), exitCode };
};

describe("flags", () => {
  it("fill the input, with the schema's defaults behind them", async () => {
    const model = await folder();
    expect(await run(["--model", model, "--json"])).toBe(0);
    expect(inputOf()).toEqual({
      model,
      more: [],
      mode: "fast",
      clipGrad: 1,
      useKl: true,
      set: [],
      labels: {},
    });
  });

  it("cover every kind of field", async () => {
    const [model, b, c] = [await folder("m"), await folder("b"), await folder("c")];
    const argv = `--model=${model} --more ${b} --more ${c} --mode exact --clip-grad 1e-3 --no-use-kl
      --set a=1 --set b=2 --labels x=1 --labels y=text --engine.threads 4 --source some/repo --json`;
    expect(await run(argv.split(/\s+/))).toBe(0);
    expect(inputOf()).toEqual({
      model,
      more: [b, c],
      mode: "exact",
      clipGrad: 0.001,
      useKl: false,
      set: ["a=1", "b=2"],
      labels: { x: 1, y: "text" },
      engine: { threads: 4, seed: 7 },
      source: "some/repo",
    });
  });

  it("take null, JSON objects with dotted changes, and the last of several", async () => {
    const model = await folder();
    const file = join(temporary.path, "engine.json");
    await writeFile(file, '{"seed": 3, "threads": 1}');
    const argv = ["--engine.seed", "5", "--engine", `@${file}`, "--clip-grad", "null"];
    const more = ["--source", '{"repo": "r"}', "--mode", "exact", "--mode", "fast", "--json"];
    expect(await run(["--model", model, ...argv, ...more])).toBe(0);
    expect(inputOf()).toMatchObject({
      engine: { seed: 5, threads: 1 },
      clipGrad: null,
      source: { repo: "r" },
      mode: "fast",
    });
  });

  it("come before the whole input as JSON, and that before the project's configuration", async () => {
    const model = await folder();
    const config = async () => ({ input: { model, mode: "exact", clipGrad: 5, set: ["c"] } });
    const whole = JSON.stringify({ model, clipGrad: 6, set: ["w"] });
    await run(["--set", "f", "--json"], echo, { config });
    expect(inputOf()).toMatchObject({ mode: "exact", clipGrad: 5, set: ["f"] });
    await run(["--input-json", whole, "--set", "f", "--json"], echo, { config });
    expect(inputOf()).toMatchObject({ mode: "fast", clipGrad: 6, set: ["f"] });
  });

  it("find artifacts by their name in the store", async () => {
    await run(["--count", "3", "--json"], numbers);
    const stored = (summary()["output"] as { list: { path: string } }).list.path;
    expect(stored).toMatch(/^store\//);
    const stage = defineStage({
      name: "where",
      from: import.meta.url,
      input: z.object({ list: artifact("toy-list") }),
      output: z.object({ path: z.string() }),
      run: async ({ list }) => ({ path: list.path }),
    });
    expect(await run(["--list", stored.slice("store/".length), "--json"], stage)).toBe(0);
    expect(summary()["output"]).toEqual({ path: join(temporary.path, "ws", stored) });
  });
});

describe("errors", () => {
  it.each([
    [["--clip-grap", "1"], { code: "UNKNOWN_FLAG", hint: "Did you mean --clip-grad?" }],
    [["--model"], { code: "MISSING_FLAG_VALUE" }],
    [["extra"], { code: "EXCESS_ARGUMENTS" }],
    [[], { code: "MISSING_FLAG", message: "--model is required.", hint: "Model to work on." }],
    [["--model", "m", "--mode", "exat"], { code: "INVALID_FLAG", hint: 'Did you mean "exact"?' }],
    [
      ["--model", "m", "--clip-grad", "fast"],
      { code: "INVALID_FLAG", message: '--clip-grad: expected a number, got "fast".' },
    ],
    [["--model", "m", "--engine", "{"], { code: "INVALID_FLAG" }],
    [["--model", "m", "--labels", "x"], { code: "INVALID_FLAG" }],
    [["--input-json", "@none.json"], { code: "INVALID_FLAG" }],
  ])("of %j are about usage", async (argv, error) => {
    expect(await flagError(...argv)).toMatchObject({ ...error, exitCode: 2 });
    expect(io.err()).toContain(`error ${error.code}: `);
  });

  it("of the schema name the flag", async () => {
    const model = await folder();
    expect(await run(["--model", model, "--engine.seed", "1.5"])).toBe(2);
    expect(io.err()).toContain("  field: --engine.seed\n");
  });

  it("of paths and kinds have their own codes", async () => {
    expect(await flagError("--model", join(temporary.path, "none"))).toMatchObject({
      code: "ARTIFACT_NOT_FOUND",
      exitCode: 3,
    });
    await run(["--count", "3", "--json"], numbers);
    const list = (summary()["output"] as { list: { path: string } }).list.path;
    expect(await flagError("--model", join(temporary.path, "ws", list))).toMatchObject({
      code: "ARTIFACT_KIND",
      exitCode: 2,
    });
  });

  it("show a stack only when debugging", async () => {
    const stage = defineStage({
      ...numbers,
      name: "bug",
      run: () => Promise.reject(new TypeError("oops", { cause: new Error("deep") })),
    });
    expect(await run(["--count", "1"], stage)).toBe(1);
    expect(io.err()).toMatch(/error UNEXPECTED: oops\n {2}hint: This is a fault of ours/);
    expect(io.err()).not.toContain("    at ");
    expect(await run(["--count", "1", "--debug"], stage)).toBe(1);
    expect(io.err()).toContain("    at ");
    expect(io.err()).toContain("caused by: Error: deep");
  });

  it("leave a summary as the last line of --json", async () => {
    const stage = defineStage({
      ...numbers,
      name: "bug",
      run: () => Promise.reject(new Error("x")),
    });
    expect(await run(["--count", "1", "--json"], stage)).toBe(1);
    expect(io.lines().map(({ type }) => type)).toEqual([
      "stage.started",
      "stage.failed",
      "summary",
    ]);
    expect(summary()).toMatchObject({
      status: "failed",
      exitCode: 1,
      error: { code: "UNEXPECTED", message: "x" },
    });
  });

  it("are a verdict's after the result, with its exit code", async () => {
    const stage = defineStage({
      ...numbers,
      verdict: ({ last }) => new GateError("TOO_FEW", `${last} are too few`),
    });
    expect(await run(["--count", "2"], stage)).toBe(5);
    expect(io.out()).toMatch(/last +2/);
    expect(io.err()).toContain("TOO_FEW");
    io = captureIo({ MOONLIGHT_WORKSPACE: join(temporary.path, "ws") });
    expect(await run(["--count", "2", "--json"], stage)).toBe(5);
    expect(summary()).toMatchObject({
      status: "failed",
      exitCode: 5,
      error: { code: "TOO_FEW" },
      output: { last: 2 },
    });
  });

  it("of fields that cannot be flags are found when the command is made", () => {
    const stage = { ...numbers, input: z.object({ force: z.boolean() }) } as Stage;
    expect(() => stageCommand(stage)).toThrow(
      expect.objectContaining({ code: "STAGE_FLAG_RESERVED" }),
    );
  });
});

describe("output", () => {
  it("is a table on standard output and progress on standard error", async () => {
    expect(await run(["--count", "3"], numbers)).toBe(0);
    expect(io.out()).toMatch(
      /^output {2}value\nlist {4}toy-list [0-9a-f]{12} {2}\/.*\nlast {4}3\n$/,
    );
    expect(io.err()).toMatch(/^\d\d:\d\d:\d\d ● numbers started \(never run in this workspace\)\n/);
    expect(io.err() + io.out()).not.toContain("\u001B");
  });

  it("with --json is events and a summary, nothing else", async () => {
    await run(["--count", "3", "--json"], numbers);
    const lines = io.lines();
    for (const line of lines.slice(0, -1)) eventSchema.parse(line);
    expect(lines.at(-1)).toMatchObject({
      type: "summary",
      status: "ok",
      stage: "numbers",
      reused: false,
      output: { last: 3, list: { $artifact: "toy-list" } },
    });
    expect(io.err()).toBe("");
    await run(["--count", "3", "--json"], numbers);
    expect(summary()).toMatchObject({ reused: true });
    await run(["--count", "3", "--json", "--force"], numbers);
    expect(summary()).toMatchObject({ reused: false });
  });

  it("of --plan says what would be done, and does nothing", async () => {
    expect(await run(["--count", "3", "--plan"], numbers)).toBe(0);
    expect(io.out()).toBe(
      [
        "stage    would     time  because",
        "numbers  run    unknown  never run in this workspace",
        "",
        "numbers:",
        "  - write 3 numbers (6 B of disk)",
        "    $ seq 'a b'",
        "",
      ].join("\n"),
    );
    expect(await readdir(temporary.path)).toEqual([]);
  });

  it("goes to the workspace of the flag, then of the environment, then of the configuration", async () => {
    const config = async () => ({ workspace: join(temporary.path, "configured") });
    const at = (name: string): string => join(temporary.path, name);
    await run(["--count", "1", "--workspace", at("flag")], numbers, { config });
    await run(["--count", "1"], numbers, { config });
    io = captureIo();
    await run(["--count", "1"], numbers, { config });
    expect(await readdir(temporary.path)).toEqual(["configured", "flag", "ws"]);
  });
});

describe("help", () => {
  it("starts with examples and lists flags with their facts", async () => {
    const program = new Command("moonlight").addCommand(stageCommand(echo));
    expect(await runCli(program, ["echo", "--help"], io)).toBe(0);
    const help = io.out().replaceAll(/\s+/g, " ");
    expect(io.out()).toMatch(
      /^Examples:\n {2}\$ moonlight echo --model \.\/m --mode exact\n\nUsage:/,
    );
    expect(help).toContain("--model <folder> Model to work on. (required)");
    expect(help).toContain('--mode <choice> How. (one of: fast, exact; default: "fast")');
    expect(help).toContain("--engine.threads <number>");
    expect(help).toContain("--no-use-kl");
  });

  it("makes an example of what is required when the stage gives none", async () => {
    await run(["--help"], numbers);
    expect(io.out()).toContain("$ numbers --count NUMBER\n");
  });

  it("is shown, as an error, by a program without a command", async () => {
    const program = new Command("moonlight").addCommand(stageCommand(echo));
    expect(await runCli(program, [], io)).toBe(2);
    expect(io.err()).toContain("Usage: moonlight");
    expect(await runCli(program, ["ecko"], io)).toBe(2);
    expect(io.err()).toMatch(/error UNKNOWN_COMMAND: .*\n.*\n? *hint: Did you mean echo\?/);
  });
});
