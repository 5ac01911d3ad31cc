import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Gate, Verdict } from "./gate.ts";
import {
  artifactDigests,
  moonlight,
  parseJsonRun,
  SHORT_RUN,
  STAGES,
  type CommandResult,
} from "./moonlight-command.ts";

const TINY = "packages/tiny-moonlight/assets/models/moonlight-rl/tiny-moonlight";

/** The README's commands, in a short form, as a newcomer types them; and what bad input gets. */
export function commandsGate(): Gate {
  return {
    name: "commands",
    async run() {
      const folder = await mkdtemp(join(tmpdir(), "moonlight commands "));
      try {
        return await check(folder);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

async function check(folder: string): Promise<Verdict> {
  const workspace = join(folder, "work space");
  const failures: string[] = [];
  let passed = 0;
  const expect = (what: string, holds: boolean, result?: CommandResult): void => {
    if (holds) passed++;
    else
      failures.push(
        `${what}${result === undefined ? "" : `: exit ${result.exitCode}\n${result.stdout.slice(-1500)}\n${result.stderr.slice(-1500)}`}`,
      );
  };
  const command = async (
    what: string,
    args: readonly string[],
    test: (result: CommandResult) => boolean = ({ exitCode }) => exitCode === 0,
  ): Promise<CommandResult> => {
    const result = await moonlight(args, workspace);
    let holds = false;
    try {
      holds = test(result);
    } catch (error) {
      failures.push(`${what}: ${String(error)}`);
      return result;
    }
    expect(what, holds, result);
    return result;
  };

  await command("plan of an empty workspace", ["plan", ...SHORT_RUN]);
  const first = await command("run", ["run", "--json", ...SHORT_RUN]);
  if (first.exitCode !== 0) return { passed, failures };
  const { events, summary } = parseJsonRun(first.stdout);
  expect(
    "run emits events of every stage",
    STAGES.every((stage) =>
      events.some((event) => event.type === "stage.finished" && event.stage === stage),
    ),
  );
  const again = await command("run again", ["run", "--json", ...SHORT_RUN]);
  const second = parseJsonRun(again.stdout);
  expect(
    "the second run reuses every stage",
    second.events.filter(({ type }) => type === "stage.reused").length === 7 &&
      !second.events.some(({ type }) => type === "stage.finished"),
    again,
  );
  expect(
    "and ends with the same artifacts",
    artifactDigests(second.summary.outputs).join() === artifactDigests(summary.outputs).join(),
    again,
  );
  await command(
    "runs list",
    ["runs", "list"],
    ({ stdout }) => stdout.split("\n").filter((line) => line.includes("moonlight")).length === 2,
  );
  await command(
    "runs show",
    ["runs", "show"],
    ({ exitCode, stdout }) =>
      exitCode === 0 && stdout.includes("trained policy") && stdout.includes("paired"),
  );
  const page = join(folder, "report.html");
  await command("report", ["report", "--out", page]);
  const html = await readFile(page, "utf8");
  expect(
    "the report has curves and needs no network",
    html.includes("<svg") && !/(src|href)="https?:/.test(html),
  );

  await stagesAlone(summary.outputs, workspace, command);
  const before = await readdir(join(workspace, "store"));
  await badInput(folder, command);
  expect(
    "and nothing of any of it is published",
    (await readdir(join(workspace, "store"))).join() === before.join(),
  );
  return { passed, failures };
}

type Command = (
  what: string,
  args: readonly string[],
  test?: (result: CommandResult) => boolean,
) => Promise<CommandResult>;

/** Each stage from the command line, over the folders that the run left. */
async function stagesAlone(outputs: unknown, workspace: string, command: Command): Promise<void> {
  const path = (name: string): string => {
    const reference = (outputs as Record<string, { path?: string }>)[name];
    return join(workspace, reference?.path ?? "missing");
  };
  await command("convert to torch_dist", [
    "convert",
    "--to",
    "torch_dist",
    "--model",
    path("model"),
    "--force",
  ]);
  await command("convert to hf", [
    "convert",
    "--to",
    "hf",
    "--checkpoint",
    path("trained"),
    "--model",
    path("model"),
    "--force",
  ]);
  await command(
    "rollout-config of the 16B profile",
    ["rollout-config", "--profile", "moonlight-16b-a3b", "--root", "/root", "--render", "argv"],
    ({ exitCode, stdout }) =>
      exitCode === 0 &&
      stdout.startsWith("--actor-num-nodes\n1\n") &&
      stdout.includes("\n--eps-clip-high\n0.28\n"),
  );
  const data = ["--prompt-data", path("promptData"), "--eval-data", path("evalData")];
  await command(
    "train alone",
    [
      "train",
      "--recipe",
      path("recipe"),
      "--checkpoint",
      path("base"),
      "--model",
      path("model"),
      ...data,
    ],
    ({ exitCode }) => exitCode === 0,
  );
  await command("eval alone", [
    "eval",
    "--model",
    path("policy"),
    "--data",
    path("evalData"),
    "--n-samples-per-prompt",
    "1",
    "--max-response-len",
    "12",
  ]);
}

/** A coded error with a hint and the documented exit code, nothing half-done. */
async function badInput(folder: string, command: Command): Promise<void> {
  const spoilt = async (name: string, spoil: (weights: Buffer) => Buffer): Promise<string> => {
    const model = join(folder, name);
    await cp(TINY, model, { recursive: true });
    const weights = join(model, "model.safetensors");
    await writeFile(weights, spoil(await readFile(weights)));
    return model;
  };
  const fails = (exitCode: number, code: string) => (result: CommandResult) =>
    result.exitCode === exitCode && result.stderr.includes(code) && result.stderr.includes("hint");
  await command(
    "an unknown recipe field",
    ["run", "--set", "rollout.numRollouts=3"],
    fails(2, "RECIPE"),
  );
  await command("an unknown flag", ["run", "--profil", "tiny"], fails(2, "UNKNOWN_FLAG"));
  await command(
    "an unreachable Hub",
    ["fetch", "--model", "org/name", "--endpoint", "http://127.0.0.1:9"],
    fails(75, "HUB_UNREACHABLE"),
  );
  await command(
    "a missing folder",
    ["convert", "--to", "torch_dist", "--model", join(folder, "nowhere")],
    ({ exitCode }) => exitCode === 2 || exitCode === 3,
  );
  const broken = join(folder, "broken");
  await mkdir(broken);
  await writeFile(join(broken, "config.json"), "{}");
  await writeFile(join(broken, "model.safetensors"), "short");
  await command(
    "a broken config.json",
    ["convert", "--to", "torch_dist", "--model", broken],
    ({ exitCode, stderr }) => exitCode === 2 && stderr.includes("MODEL_CONFIG_INVALID"),
  );
  const short = await spoilt("short", (weights) => weights.subarray(0, -100));
  await command(
    "truncated safetensors",
    ["convert", "--to", "torch_dist", "--model", short],
    fails(4, "SAFETENSORS_TRUNCATED"),
  );
  const odd = await spoilt("odd", (weights) =>
    Buffer.from(weights.toString("latin1").replace('"BF16"', '"F16" '), "latin1"),
  );
  await command(
    "a tensor of the wrong dtype",
    ["convert", "--to", "torch_dist", "--model", odd],
    fails(4, "TENSOR_DTYPE"),
  );
}
