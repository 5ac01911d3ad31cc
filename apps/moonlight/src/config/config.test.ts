import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { EVAL_DATA } from "@moonlight-rl/tiny-moonlight";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openWorkspace, readRun, runCli } from "@moonlight-rl/pipeline";
import { createProgram } from "../program.ts";
import { loadConfig } from "./load-config.ts";
import { settingsOf } from "./settings.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "moonlight config é-"));
});
afterEach(() => rm(folder, { recursive: true }));

const load = (options: { file?: string; env?: Record<string, string>; cwd?: string } = {}) =>
  loadConfig({ env: options.env ?? {}, cwd: options.cwd ?? folder, file: options.file });
const write = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text);

describe("loadConfig", () => {
  it("finds the nearest file, and takes paths from its folder", async () => {
    const inner = join(folder, "a", "b");
    await mkdir(inner, { recursive: true });
    expect(await load({ cwd: inner })).toBeUndefined();
    await write("moonlight.config.json", '{"workspace":"ws","run":{"files":["r.yaml"],"seed":3}}');
    const loaded = await load({ cwd: inner });
    expect(loaded).toEqual({
      file: join(folder, "moonlight.config.json"),
      config: { workspace: join(folder, "ws"), run: { files: [join(folder, "r.yaml")], seed: 3 } },
    });
    expect(await load({ cwd: inner, env: { MOONLIGHT_CONFIG: "none" } })).toBeUndefined();
    await write("other.json", '{"run":{"profile":"tiny"}}');
    const file = join(folder, "other.json");
    expect((await load({ env: { MOONLIGHT_CONFIG: "none" }, file }))?.config.run).toEqual({
      profile: "tiny",
    });
  });

  it.each([
    ["moonlight.config.json", "{", "CONFIG_INVALID", undefined],
    ["moonlight.config.json", '{"run":{"sead":3}}', "CONFIG_INVALID", "run.sead"],
    ["moonlight.config.json", '{"run":{"seed":-3}}', "CONFIG_INVALID", "run.seed"],
    [
      "moonlight.config.mjs",
      "export default { stages: [{ name: 'x' }] };",
      "CONFIG_INVALID",
      "stages.0",
    ],
    ["moonlight.config.mjs", "throw new Error('mine')", "CONFIG_INVALID", undefined],
    ["moonlight.config.mjs", "export const config = {};", "CONFIG_INVALID", undefined],
  ])("refuses %s with %s", async (name, text, code, field) => {
    await write(name, text);
    const error: unknown = await load().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, exitCode: 2, file: join(folder, name) });
    if (field !== undefined) expect(error).toMatchObject({ field });
  });

  it("refuses two files, and one that is named and not there", async () => {
    await write("moonlight.config.json", "{}");
    await write("moonlight.config.mjs", "export default {};");
    await expect(load()).rejects.toMatchObject({ code: "CONFIG_AMBIGUOUS" });
    await expect(load({ file: "none.json" })).rejects.toMatchObject({ code: "CONFIG_MISSING" });
  });

  it("reads TypeScript where Node does, and says what to do where it does not", async () => {
    await write("moonlight.config.ts", "export default { run: { seed: 4 as number } };");
    const { typescript } = process.features as { typescript?: unknown };
    if (typeof typescript === "string") expect((await load())?.config.run).toEqual({ seed: 4 });
    else {
      await expect(load()).rejects.toMatchObject({
        code: "CONFIG_TYPESCRIPT",
        hint: expect.stringContaining("moonlight.config.mjs"),
      });
    }
  });
});

describe("settingsOf", () => {
  it("takes flags, then the environment, then the configuration; lists of both count", () => {
    const config = {
      run: { seed: 1, backend: "miles", set: ["a=1"], endpoint: "http://config" },
    } as const;
    const { params, sources } = settingsOf(
      { seed: 2, set: ["b=2"] },
      { HF_ENDPOINT: "http://environment" },
      { run: { ...config.run, set: [...config.run.set] } },
    );
    expect(params).toEqual({
      seed: 2,
      backend: "miles",
      set: ["a=1", "b=2"],
      endpoint: "http://environment",
    });
    expect(sources).toEqual({
      seed: "flag",
      set: "flag",
      backend: "config",
      endpoint: "environment",
    });
    expect(
      settingsOf({ endpoint: "http://flag" }, { HF_ENDPOINT: "http://e" }, config as never).params
        .endpoint,
    ).toBe("http://flag");
  });
});

describe("the commands", () => {
  const packages = pathToFileURL(
    fileURLToPath(new URL("../../../../packages", import.meta.url)),
  ).href;
  const own = `import { defineStage, definePipeline } from "${packages}/pipeline/dist/index.js";
import { z } from "${pathToFileURL(fileURLToPath(import.meta.resolve("zod"))).href}";
import { fetch } from "${packages}/fetch/dist/stage.js";
const greet = defineStage({
  name: "greet", title: "Greet.", from: import.meta.url,
  input: z.object({ who: z.string(), times: z.int().default(1) }), output: z.object({ text: z.string() }),
  run: async ({ who, times }) => ({ text: ("hello " + who + " ").repeat(times).trim() }),
});
export default {
  workspace: "ws", run: { seed: 5, set: ["optimizer.lr=0.25"] }, stages: [greet], inputs: { greet: { times: 2 } },
  pipelines: { greeting: definePipeline({ name: "greeting", params: z.object({ who: z.string() }), run: (stage, { who }) => stage(greet, { who }) }),
    problems: definePipeline({ name: "problems", params: z.object({ endpoint: z.string().optional() }), run: (stage, { endpoint }) => stage(fetch, { evalData: "${EVAL_DATA}", endpoint }) }) },
};`;

  async function moonlight(
    ...argv: string[]
  ): Promise<{ code: number; last: Record<string, unknown>; stderr: string }> {
    let [stdout, stderr] = ["", ""];
    const before = process.env["MOONLIGHT_CONFIG"];
    process.env["MOONLIGHT_CONFIG"] = join(folder, "moonlight.config.mjs");
    try {
      const code = await runCli(await createProgram("1.2.3", argv), [...argv, "--json"], {
        stdout: { write: (text) => (stdout += text) },
        stderr: { write: (text) => (stderr += text) },
        env: { MOONLIGHT_CONFIG: join(folder, "moonlight.config.mjs") },
      });
      return {
        code,
        last: JSON.parse(stdout.trim().split("\n").at(-1) ?? "{}") as Record<string, unknown>,
        stderr,
      };
    } finally {
      if (before === undefined) delete process.env["MOONLIGHT_CONFIG"];
      else process.env["MOONLIGHT_CONFIG"] = before;
    }
  }

  it("take settings from the file, record them, and say where each comes from", async () => {
    await write("moonlight.config.mjs", own);
    const { code, last } = await moonlight("run", "--until", "rollout-config");
    expect(code).toBe(0);
    const record = await readRun(openWorkspace(join(folder, "ws")), String(last["run"]));
    expect(record.params).toMatchObject({ seed: 5, set: ["optimizer.lr=0.25"] });
    expect(record.config).toMatchObject({
      file: "moonlight.config.mjs",
      values: { run: { seed: 5 }, stages: ["greet"] },
    });
    const { last: settings } = await moonlight("config", "--seed", "6");
    expect(settings["settings"]).toEqual(
      expect.arrayContaining([
        { name: "seed", value: 6, source: "flag" },
        { name: "set", value: ["optimizer.lr=0.25"], source: "config" },
        { name: "workspace", value: join(folder, "ws"), source: "config" },
        { name: "profile", value: "tiny", source: "default" },
      ]),
    );
  });

  it("include the user's own stages and pipelines", async () => {
    await write("moonlight.config.mjs", own);
    expect((await moonlight("greet", "--who", "you")).last["output"]).toEqual({
      text: "hello you hello you",
    });
    expect((await moonlight("greet", "--who", "you", "--times", "1")).last["output"]).toEqual({
      text: "hello you",
    });
    const { last } = await moonlight("run", "--pipeline", "greeting", "--param", "who=all");
    expect(last).toMatchObject({
      status: "ok",
      outputs: { text: "hello all" },
      stages: [{ id: "greet" }],
    });
    const again = await moonlight("run", "--pipeline", "greeting", "--like", String(last["run"]));
    expect(again.last).toMatchObject({ status: "ok", stages: [{ id: "greet", reused: true }] });
    const bundled = ["run", "--endpoint", "bundled", "--pipeline"];
    expect((await moonlight(...bundled, "problems")).last).toMatchObject({
      status: "ok",
      outputs: { evalData: { $artifact: "hf-dataset" } },
    });
    expect(await moonlight(...bundled, "greeting", "--param", "who=all")).toMatchObject({
      code: 2,
      last: { error: { code: "RUN_FLAGS", hint: expect.stringContaining("HF_ENDPOINT") } },
    });
    const wrong = await moonlight("run", "--pipeline", "greting");
    expect(wrong).toMatchObject({
      code: 2,
      last: { error: { code: "PIPELINE_UNKNOWN", hint: 'Did you mean "greeting"?' } },
    });
  });
});
