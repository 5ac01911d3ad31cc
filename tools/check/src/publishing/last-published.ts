import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, symlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { z } from "zod";
import { git } from "../workspace/copy-workspace.ts";
import { runIn } from "../workspace/steps.ts";
import { publisherSettings } from "./publisher.ts";

/** Stands for what was published last until something is: from then on Changesets' tags tell. */
const BEFORE_THE_FIRST = "80e80821e57f047911c689130ba03c365b8abccc";
const SCOPE = "@moonlight-rl";

/** Packages of an earlier commit, as they were published or would have been. */
export interface LastPublished {
  /** What they were built from: a tag or a commit. */
  readonly from: string;
  readonly version: (name: string) => string;
}

/** The newest tag of a release, else the recorded commit; undefined in a checkout without its history. */
async function lastReference(name: string): Promise<string | undefined> {
  const tags = await git(".", "tag", "--list", `${name}@*`, "--sort=-version:refname");
  const reference = tags.split("\n", 1)[0] || BEFORE_THE_FIRST;
  const there = await execa("git", ["cat-file", "-e", `${reference}^{commit}`], { reject: false });
  return there.exitCode === 0 ? reference : undefined;
}

/**
 * Builds packages (and what they use) as they were published last and publishes them to a registry.
 *
 * @returns undefined in a checkout without its history
 */
export async function publishLast(
  folders: readonly string[],
  registry: string,
  root: string,
): Promise<LastPublished | undefined> {
  const from = await lastReference(`${SCOPE}/fetch`);
  if (from === undefined) return undefined;
  const clone = join(root, "last");
  await git(".", "clone", "--quiet", "--no-hardlinks", resolve("."), clone);
  await git(clone, "checkout", "--quiet", "--detach", from);
  await linkModules(clone);
  await runIn(clone, "tsc", ["-b", ...folders]);
  const built: { folder: string; name: string; version: string }[] = [];
  for (const name of await readdir(join(clone, "packages"))) {
    const folder = `packages/${name}`;
    if (!existsSync(join(clone, folder, "dist"))) continue;
    const manifest = manifestSchema.parse(
      JSON.parse(await readFile(join(clone, folder, "package.json"), "utf8")),
    );
    built.push({ folder, ...manifest });
  }
  await runIn(clone, "npm", [
    "publish",
    ...(await publisherSettings(registry, root)),
    ...built.flatMap(({ folder }) => ["--workspace", folder]),
  ]);
  const versions = new Map(built.map(({ name, version }) => [name, version]));
  return { from, version: (name) => versions.get(`${SCOPE}/${name}`) ?? "0.0.0" };
}

const manifestSchema = z.object({ name: z.string(), version: z.string() });

/** What this repository has installed, but its packages are those of the clone. */
async function linkModules(clone: string): Promise<void> {
  const modules = join(clone, "node_modules");
  await mkdir(join(modules, SCOPE), { recursive: true });
  for (const name of await readdir("node_modules"))
    if (name !== SCOPE && name !== ".cache")
      await symlink(resolve("node_modules", name), join(modules, name));
  for (const name of await readdir(join(clone, "packages"))) {
    await symlink(join(clone, "packages", name), join(modules, SCOPE, name));
    const own = resolve("packages", name, "node_modules");
    if (existsSync(own)) await symlink(own, join(clone, "packages", name, "node_modules"));
  }
}
