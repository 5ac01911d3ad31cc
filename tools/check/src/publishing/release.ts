import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { copyWorkspace, git } from "../workspace/copy-workspace.ts";
import { runIn } from "../workspace/steps.ts";
import { publicFolders } from "./pack-packages.ts";
import { publisherConfig } from "./publisher.ts";

const manifestSchema = z.object({
  name: z.string(),
  version: z.string(),
  peerDependencies: z.record(z.string(), z.string()).default({}),
});
export type ReleasedPackage = z.output<typeof manifestSchema>;

export interface Release {
  /** By name without the scope. */
  readonly packages: ReadonlyMap<string, ReleasedPackage>;
  /** Seconds that each part took: a clean copy's `npm ci`, and `npm run release`, which builds. */
  readonly seconds: { readonly install: number; readonly release: number };
}

/**
 * What a maintainer does, in a clean copy of this repository: `npm ci`, `npm run version-packages`, `npm run release` to the registry that
 * npm is set to. Every package gets a version of its own, also those without a changeset.
 */
export async function releaseAll(registry: string, root: string): Promise<Release> {
  const copy = join(root, "release");
  await mkdir(copy);
  await copyWorkspace(copy);
  const folders = await publicFolders();
  const names = await Promise.all(
    folders.map(async (folder) => (await manifestOf(join(copy, folder))).name),
  );
  await writeFile(
    join(copy, ".changeset/everything.md"),
    `---\n${names.map((name) => `"${name}": patch\n`).join("")}---\n\nA release of everything.\n`,
  );
  const installed = performance.now();
  await runIn(copy, "npm", ["ci", "--prefer-offline", "--no-audit", "--no-fund"]);
  const started = performance.now();
  await runIn(copy, "npm", ["run", "version-packages"]);
  await git(copy, "add", "--all");
  await git(copy, "commit", "--quiet", "--message=versions");
  await runIn(copy, "npm", ["run", "release"], {
    npm_config_userconfig: await publisherConfig(registry, root),
    GIT_CONFIG_COUNT: "2",
    GIT_CONFIG_KEY_0: "user.name",
    GIT_CONFIG_VALUE_0: "check",
    GIT_CONFIG_KEY_1: "user.email",
    GIT_CONFIG_VALUE_1: "check@localhost",
  });
  const ended = performance.now();
  const released = await Promise.all(folders.map(async (folder) => manifestOf(join(copy, folder))));
  return {
    packages: new Map(
      released.map((manifest) => [manifest.name.replace("@moonlight-rl/", ""), manifest]),
    ),
    seconds: { install: (started - installed) / 1000, release: (ended - started) / 1000 },
  };
}

async function manifestOf(folder: string): Promise<ReleasedPackage> {
  return manifestSchema.parse(JSON.parse(await readFile(join(folder, "package.json"), "utf8")));
}
