import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { z } from "zod";
import type { Gate } from "./gate.ts";
import { codeBlocks } from "./markdown-code.ts";
import { copyWorkspace } from "./workspace/copy-workspace.ts";
import { runIn, runSteps, type Step } from "./workspace/steps.ts";

const PAGE = "docs/containers.md";
/** What is only there to build and test. */
const DEVELOPMENT = ["typescript", "vitest", "nx", "turbo", "oxlint"];

const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.looseObject({ version: z.string().optional(), integrity: z.string().optional() }),
  ),
});
export type Lock = z.output<typeof lockSchema>;

/** The container page's lines, in a copy: one stage is pruned, installed, built, tested, stripped and run, without the rest. */
export function pruneGate(): Gate {
  return {
    name: "prune",
    async run() {
      const root = await mkdtemp(join(tmpdir(), "moonlight-prune-"));
      try {
        return await runSteps(steps(join(root, "copy")));
      } finally {
        await rm(root, { recursive: true, force: true });
      }
    },
  };
}

function* steps(copy: string): Generator<Step> {
  let printed = "";
  yield [
    `the lines of ${PAGE}`,
    async () => {
      await mkdir(copy);
      await copyWorkspace(copy);
      await symlink(resolve("node_modules"), join(copy, "node_modules"));
      const lines = codeBlocks(await readFile(PAGE, "utf8"), "sh")[0];
      if (lines === undefined) throw new Error("there is no block of commands");
      printed = await runIn(copy, "sh", ["-e", "-c", lines]);
    },
  ];
  yield [
    "the stage's command",
    async () => {
      if (!printed.includes("\n--actor-num-nodes\n1\n")) throw new Error(printed.slice(-2000));
    },
  ];
  yield [
    "the pruned lock file",
    async () => {
      const [whole, pruned] = [await lockOf(copy), await lockOf(join(copy, "image"))];
      const faults = lockFaults(whole, pruned, [
        "packages/rollout-config",
        "packages/miles",
        "packages/recipe",
      ]);
      if (faults.length > 0) throw new Error(faults.join("\n"));
    },
  ];
  yield [
    "nothing of development is left, and nothing of other stages came along",
    async () => {
      const image = join(copy, "image");
      const left = [
        ...DEVELOPMENT.map((name) => `node_modules/${name}`),
        "packages/train",
        "packages/embedded",
        "apps",
        "tools",
      ].filter((path) => existsSync(join(image, path)));
      if (left.length > 0) throw new Error(`there is ${left.join(", ")}`);
      if (!existsSync(join(image, ".npmrc"))) throw new Error(".npmrc is missing");
    },
  ];
}

/** Where a pruned lock file is not a part of the whole one, or not a smaller one with these folders. */
export function lockFaults(whole: Lock, pruned: Lock, folders: readonly string[]): string[] {
  const faults = Object.entries(pruned.packages).flatMap(([path, { version, integrity }]) => {
    const original = whole.packages[path];
    if (original === undefined) return [`${path || "the root"} is not in the whole lock file`];
    return original.version === version && original.integrity === integrity
      ? []
      : [`${path} is another version than in the whole lock file`];
  });
  faults.push(
    ...folders.filter((path) => !(path in pruned.packages)).map((path) => `${path} is missing`),
  );
  if (Object.keys(pruned.packages).length >= Object.keys(whole.packages).length)
    faults.push("nothing was left out");
  return faults;
}

async function lockOf(folder: string): Promise<Lock> {
  return lockSchema.parse(JSON.parse(await readFile(join(folder, "package-lock.json"), "utf8")));
}
