import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startHubServer, type HubServer } from "@moonlight-rl/hub";
import { runCli } from "@moonlight-rl/pipeline";
import { assetsDirectory, EVAL_DATA, MODEL } from "@moonlight-rl/tiny-moonlight";
import { z } from "zod";
import { commandTree } from "../completion/command-tree.ts";
import { loadProgram } from "../program.ts";
import { jsonSchemaOf, schemaNames } from "./json-schema.ts";

const SHORT = [
  "--set=rollout.numRollout=1",
  "--set=rollout.rolloutBatchSize=8",
  "--set=rollout.overSamplingBatchSize=16",
  "--set=checkpoint.saveInterval=1",
  "--set=eval.nSamplesPerPrompt=1",
  "--set=eval.interval=null",
];
const BIN = fileURLToPath(new URL("../../bin/moonlight.js", import.meta.url));
const published = (name: string): string =>
  fileURLToPath(new URL(`../../schemas/${name}.json`, import.meta.url));

let folder: string;
let hub: HubServer;
const tested = new Set<string>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "moonlight-schemas-"));
  hub = await startHubServer({ root: assetsDirectory });
  vi.stubEnv("HF_ENDPOINT", hub.url);
  await writeFile(join(folder, "log.txt"), "rollout 0: {'rollout/raw_reward': 0.5}\n");
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await hub.close();
  await rm(folder, { recursive: true });
});

type Line = Readonly<Record<string, unknown>>;

/** Runs a command with --json and holds each line against the published schema of that name. */
async function lines(name: string, argv: readonly string[], code = 0): Promise<Line[]> {
  let stdout = "";
  let stderr = "";
  const all = [...argv, "--json", "--workspace", join(folder, "ws")];
  const ended = await runCli(await loadProgram("1.2.3"), all, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    env: { HF_ENDPOINT: hub.url },
  });
  expect({ ended, stderr: code === 0 ? stderr : "" }).toEqual({ ended: code, stderr: "" });
  return checked(name, stdout);
}

async function checked(name: string, text: string): Promise<Line[]> {
  tested.add(name);
  const schema = z.fromJSONSchema((await jsonSchemaOf(name)) as never);
  const found = text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line);
  expect(found.length).toBeGreaterThan(0);
  for (const line of found) {
    const { error } = schema.safeParse(line);
    expect(error === undefined ? "" : `${name}: ${JSON.stringify(line)}: ${error.message}`).toBe(
      "",
    );
  }
  return found;
}

/** The path of an artifact that the run made. */
async function stored(kind: string): Promise<string> {
  const names = await readdir(join(folder, "ws", "store"));
  return join(folder, "ws", "store", names.find((name) => name.startsWith(`${kind}-`)) ?? kind);
}

describe("what is written with --json fits its published schema", () => {
  it("of a whole run, and of what looks at it", async () => {
    const run = await lines("run", ["run", ...SHORT]);
    expect(run.map(({ type }) => type)).toEqual(
      expect.arrayContaining(["run.started", "stage.finished", "metric", "sample", "summary"]),
    );
    await lines("run", ["run", ...SHORT]);
    await lines("run", ["run", "--like", "latest"]);
    await lines("plan", ["plan", ...SHORT, "--set", "optimizer.lr=0.5"]);
    await lines("runs-list", ["runs", "list"]);
    await lines("runs-show", ["runs", "show"]);
    const id = String(run.at(-1)?.["run"]);
    await lines("runs-compare", ["runs", "compare", id]);
    await lines("runs-samples", ["runs", "samples", "--limit", "100"]);
    await lines("report", ["report"]);
    await lines("config", ["config"]);
  }, 180_000);

  it("of failures", async () => {
    const [failed] = await lines("runs-show", ["runs", "show", "none"], 2);
    expect(failed).toMatchObject({ type: "summary", status: "failed", exitCode: 2 });
    await lines("run", ["run", "--set", "no.such=1"], 2);
    await lines("plan", ["plan", "--only", "train", "--from", "fetch"], 2);
    await lines("fetch", ["fetch", "org/none"], 2);
  });

  it("of each stage and its commands", async () => {
    const model = await stored("hf-model");
    const data = await stored("hf-dataset");
    const result = await stored("eval-result");
    const dist = await stored("torch-dist");
    const recipe = await stored("recipe");
    await lines("fetch", ["fetch", MODEL, "--dry-run"]);
    await lines("fetch", ["fetch", "--eval-data", EVAL_DATA]);
    await lines("fetch-verify", ["fetch", "verify", data]);
    await lines("convert", ["convert", "--to", "torch_dist", "--model", model]);
    await lines("convert-inspect", ["convert", "inspect", dist]);
    await lines("convert-verify", ["convert", "verify", model]);
    await lines("convert-diff", ["convert", "diff", model, model]);
    await lines("rollout-config", ["rollout-config", "--profile", "tiny"]);
    await lines("rollout-config-diff", ["rollout-config", "diff", "tiny", "moonlight-16b-a3b"]);
    const root = ["--profile", "moonlight-16b-a3b", "--root", "/root", "--render", "argv"];
    const rendered = (await lines("rollout-config", ["rollout-config", ...root])).at(-1);
    const { argv } = z.object({ argv: z.array(z.string()) }).parse(rendered?.["output"]);
    await writeFile(join(folder, "argv.txt"), argv.join("\n"));
    await lines("rollout-config-import", ["import", join(folder, "argv.txt")]);
    await lines("train", [
      "train",
      "--plan",
      `--recipe=${recipe}`,
      `--checkpoint=${dist}`,
      `--model=${model}`,
      `--prompt-data=${data}`,
      `--eval-data=${data}`,
    ]);
    await lines("train-doctor", ["doctor"]);
    const evaluation = ["--n-samples-per-prompt", "1", "--max-response-len", "4"];
    await lines("eval", ["eval", "--model", model, "--data", data, ...evaluation, "--plan"]);
    await lines("eval-report", ["eval", "report", result]);
    const copy = join(folder, "copy");
    await cp(result, copy, { recursive: true });
    await lines("eval-compare", ["eval", "compare", result, copy]);
    await lines("logs", ["logs", join(folder, "log.txt")]);
    await lines("schema", ["schema"]);
    await lines("explain", ["explain"]);
    await lines("explain", ["explain", "no such"], 2);
  }, 180_000);

  it.each([
    ["hub-serve", ["hub", "serve", assetsDirectory]],
    ["serve", ["serve", join(assetsDirectory, "models", MODEL)]],
    ["ui", ["ui", "--port", "0"]],
  ])("of %s", async (name, argv) => {
    const child = spawn(process.execPath, [BIN, ...argv, "--json"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [text] = (await once(child.stdout, "data")) as [Buffer];
    child.kill("SIGTERM");
    await once(child, "exit");
    expect((await checked(name, text.toString()))[0]).toMatchObject({ type: "listening" });
  });
});

/** What a command may leave out: it writes a script for a shell, or only holds commands. */
const WITHOUT_JSON = ["runs", "completion", "hub"];
/** Commands at the top that are a stage's, under whose name their schema is. */
const STAGES_OWN = /^(?:doctor|dump|debug|import)$/;

describe("every command", () => {
  it("takes --json, and has a schema of what it then writes", async () => {
    const names = await schemaNames();
    const tree = commandTree(await loadProgram("1.2.3")).slice(1);
    const commands = tree.map(({ path, options }) => ({
      name: path.split(" ").slice(1).join("-"),
      json: options.some(({ flag }) => flag === "--json"),
    }));
    expect(commands.length).toBeGreaterThan(30);
    expect(commands.filter(({ json }) => !json).map(({ name }) => name)).toEqual(WITHOUT_JSON);
    const unknown = commands.filter(
      ({ name, json }) => json && !names.includes(name) && !STAGES_OWN.test(name),
    );
    expect(unknown).toEqual([]);
    for (const { name } of commands.filter(({ name }) => STAGES_OWN.test(name)))
      expect(await jsonSchemaOf(name)).toMatchObject({ title: `moonlight ${name} --json` });
  });
});

describe("the published schemas", () => {
  it("are those of the code, and nearly all were held against real output above", async () => {
    const names = await schemaNames();
    for (const name of names) {
      await expect(`${JSON.stringify(await jsonSchemaOf(name), null, 2)}\n`).toMatchFileSnapshot(
        published(name),
      );
    }
    const files = await readdir(fileURLToPath(new URL("../../schemas", import.meta.url)));
    expect(files.sort()).toEqual(names.map((name) => `${name}.json`).sort());
    // These two need output of the framework; their packages' tests hold it against the same zod schema.
    expect(names.filter((name) => !tested.has(name))).toEqual(["train-debug", "train-dump"]);
  });

  it("are found by the short names of commands, and a wrong name is told", async () => {
    expect(await jsonSchemaOf("doctor")).toMatchObject({ anyOf: expect.any(Array) });
    await expect(jsonSchemaOf("runs-shw")).rejects.toMatchObject({
      code: "SCHEMA_UNKNOWN",
      hint: 'Did you mean "runs-show"?',
    });
  });
});
