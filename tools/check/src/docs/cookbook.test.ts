import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCli, stageCommand } from "@moonlight-rl/pipeline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rolloutConfig } from "@moonlight-rl/rollout-config";

const read = (name: string): Promise<string> =>
  readFile(new URL(`../../../../docs/${name}`, import.meta.url), "utf8");
const page = await read("recipe/cookbook.md");
const launching = await read("launching.md");
const files = [...page.matchAll(/^```yaml title=(\S+)\n([^]*?)^```/gm)];
const commandsOf = (text: string): string[] =>
  [...text.matchAll(/^moonlight rollout-config (.+?)(?: > \S+)?$/gm)].map(([, args = ""]) => args);
const commands = commandsOf(page);

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cookbook-"));
  for (const [, name = "", text = ""] of files) await writeFile(join(folder, name), text);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs a command of the page; its files are looked for in the temporary folder. */
async function run(args: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const written = { stdout: "", stderr: "" };
  const stream = (name: "stdout" | "stderr") => ({
    write: (text: string) => {
      written[name] += text;
      return true;
    },
  });
  const argv = args.split(" ").map((arg) => (arg.endsWith(".yaml") ? join(folder, arg) : arg));
  const code = await runCli(
    stageCommand(rolloutConfig),
    [...argv, "--workspace", join(folder, "workspace")],
    { stdout: stream("stdout"), stderr: stream("stderr"), env: {} },
  );
  return { code, ...written };
}

describe("the cookbook", () => {
  it("has files and commands, and no sh block with anything else", () => {
    expect(files.length).toBeGreaterThanOrEqual(6);
    expect(commands.length).toBeGreaterThanOrEqual(11);
    const lines = [...page.matchAll(/^```sh\n([^]*?)^```/gm)].flatMap(([, block = ""]) =>
      block.trim().split("\n"),
    );
    expect(lines).toEqual(commands.map((args) => `moonlight rollout-config ${args}`));
  });

  it.each(commands)("%s", async (args) => {
    const { code, stdout, stderr } = await run(args);
    expect(stderr).not.toMatch(/^warning/m);
    expect(code).toBe(0);
    if (args.includes("--render argv")) expect(stdout).toMatch(/^--actor-num-nodes\n\d+\n/);
    if (args.includes("--render plan")) expect(stdout).toMatch(/^\d+ × H\d+.*: fits\n/);
    if (args.includes("--render rollout")) expect(stdout).toContain("rollouts per epoch");
  });
});

describe("docs/launching.md", () => {
  it.each(commandsOf(launching).map((args) => [/--render (\S+)/.exec(args)?.[1] ?? "", args]))(
    "%s: %s",
    async (form, args) => {
      const { code, stdout, stderr } = await run(args);
      expect(stderr).not.toMatch(/^warning/m);
      expect(code).toBe(0);
      const begins: Record<string, RegExp> = {
        script: /^#!\/usr\/bin\/env bash\n/,
        "ray-job": /^\{\n {2}"entrypoint": "python3 \/root\/miles\/train.py --actor-num-nodes 1 /,
        slurm: /^#!\/usr\/bin\/env bash\n#SBATCH [^]*--partition=gpu\n/,
        kuberay: /^apiVersion: ray.io\/v1\nkind: RayJob\n/,
      };
      expect(stdout).toMatch(begins[form] ?? /^$/);
    },
  );

  it("has one command for each form", () => {
    expect(commandsOf(launching)).toHaveLength(4);
  });
});
