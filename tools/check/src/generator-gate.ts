import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Gate } from "./gate.ts";
import { copyWorkspace, git } from "./workspace/copy-workspace.ts";
import { runIn, runSteps, type Step } from "./workspace/steps.ts";

/** Long, with hyphens, and a word that no constant may be called: what formatting and names have to get over. */
const NAMES = ["grade-long-written-answers", "export"] as const;
const [STAGE, ODD] = NAMES;
const FOLDER = `packages/${STAGE}`;

const PIPELINE = `
import { adoptArtifact, definePipeline, runPipeline } from "@moonlight-rl/pipeline";
import { gradeLongWrittenAnswers } from "@moonlight-rl/${STAGE}";
import { z } from "zod";
const data = await adoptArtifact("hf-dataset", process.argv[2]);
const pipeline = definePipeline({
  name: "counts", params: z.strictObject({}),
  run: async (stage) => ({
    all: await stage(gradeLongWrittenAnswers, { data }),
    some: await stage(gradeLongWrittenAnswers, { data, suffix: "b.jsonl" }, { id: "some" }),
  }),
});
const { outputs } = await runPipeline(pipeline, {}, { workspace: process.argv[3] });
console.log(outputs.all.lines, outputs.some.lines);
`;

/**
 * `nx g …:stage NAME` in a copy of this repository: what it writes is at once built, tested, run, composed and packed, and passes the
 * same gates as every package.
 */
export function generatorGate(): Gate {
  return {
    name: "generator",
    async run() {
      const root = await mkdtemp(join(tmpdir(), "moonlight-generator-"));
      try {
        return await runSteps(steps(join(root, "copy"), join(root, "data")));
      } finally {
        await rm(root, { recursive: true, force: true });
      }
    },
  };
}

function* steps(copy: string, data: string): Generator<Step> {
  const run = async (file: string, ...args: readonly string[]): Promise<string> =>
    runIn(copy, file, args);
  const generate = (name: string, ...more: readonly string[]): Promise<string> =>
    run("nx", "g", "@moonlight-rl/stage-generator:stage", name, ...more);
  yield [
    "a copy",
    async () => {
      await mkdir(copy);
      await copyWorkspace(copy, { built: true });
      await run("npm", "ci", "--prefer-offline", "--no-audit", "--no-fund");
    },
  ];
  yield [
    "--dry-run writes nothing",
    async () => {
      const listed = await generate(STAGE, "--dry-run");
      const status = await git(copy, "status", "--porcelain");
      if (!listed.includes(`CREATE ${FOLDER}/src/stage.ts`) || status !== "")
        throw new Error(`${status}\n${listed}`);
    },
  ];
  yield ["generate", () => generate(STAGE, "--description=Grade written answers.").then(ignore)];
  yield ["generate an odd name", () => generate(ODD).then(ignore)];
  yield [
    "the lock file holds it, and npm ci needs no more",
    async () => {
      const lock = await readFile(join(copy, "package-lock.json"), "utf8");
      if (!lock.includes(`"${FOLDER}": {`)) throw new Error(`${FOLDER} is not in the lock file`);
      await run("npm", "ci", "--dry-run", "--prefer-offline", "--no-audit", "--no-fund");
    },
  ];
  yield [
    "a second one of that name is refused",
    async () => {
      const refused = await generate(STAGE, "--dry-run").catch((error: unknown) => String(error));
      if (!refused.includes("exists already")) throw new Error(refused);
    },
  ];
  yield ["build", () => run("tsc", "-b").then(ignore)];
  yield [
    "tests",
    () => run("vitest", "run", ...NAMES.map((name) => `packages/${name}`)).then(ignore),
  ];
  yield ["format", () => run("oxfmt", "--check").then(ignore)];
  yield [
    "lint",
    () =>
      run(
        "oxlint",
        "--type-aware",
        "--deny-warnings",
        ...NAMES.map((name) => `packages/${name}`),
        "tools/check/src/layers.ts",
      ).then(ignore),
  ];
  for (const name of NAMES)
    yield [
      `types of ${name}`,
      () => run("tsc", "-p", `packages/${name}/tsconfig.test.json`).then(ignore),
    ];
  yield [
    "gates",
    () =>
      run(
        "node",
        "tools/check/dist/bin.js",
        "boundaries",
        "knip",
        "packages",
        "links",
        "pages",
        "api",
      ).then(ignore),
  ];
  yield [
    "changeset",
    async () => {
      await git(copy, "switch", "--quiet", "--create", "stage");
      await git(copy, "add", "--all");
      await git(copy, "commit", "--quiet", "--message=two stages");
      await run("changeset", "status", "--since=main");
    },
  ];
  yield [
    "its command",
    async () => {
      await mkdir(data);
      await writeFile(join(data, "a.jsonl"), '{"n":1}\n{"n":2}\n');
      await writeFile(join(data, "b.jsonl"), '{"n":3}\n');
      const workspace = join(data, "..", "by-command");
      const out = await run(
        "npx",
        `moonlight-${STAGE}`,
        "--data",
        data,
        "--workspace",
        workspace,
        "--json",
      );
      if (!/"lines":3\b/.test(out.split("\n").at(-1) ?? "")) throw new Error(out.slice(-1500));
    },
  ];
  yield [
    "a pipeline of it",
    async () => {
      // Where an application of the workspace would be.
      const script = join(copy, "compose.mjs");
      await writeFile(script, PIPELINE);
      const out = await run("node", script, data, join(data, "..", "by-pipeline"));
      if (out.trim() !== "3 1") throw new Error(`it printed ${out}`);
    },
  ];
}

function ignore(): void {
  // What a step that passes has written is of no interest.
}
