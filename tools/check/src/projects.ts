import { readdir } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readJson } from "@moonlight-rl/core";
import { z } from "zod";

const rootSchema = z.object({ workspaces: z.array(z.string()) });

/** Folders of all workspace packages, relative to the repository root: what `workspaces` of its package.json takes in. */
export async function projectFolders(): Promise<string[]> {
  const { workspaces } = await readJson("package.json", rootSchema, { what: "package.json" });
  const folders = await Promise.all(workspaces.map((pattern) => expand("", pattern.split("/"))));
  return folders
    .flat()
    .filter((folder) => existsSync(join(folder, "package.json")))
    .sort();
}

/** Examples are private packages that show the others; they are tested as their readers would, by `npm test` of each. */
export function isExample(folder: string): boolean {
  return folder.startsWith("examples/");
}

async function expand(parent: string, [first, ...rest]: readonly string[]): Promise<string[]> {
  if (first === undefined) return [parent];
  const names = first === "*" ? await foldersIn(parent) : [first];
  const inner = names.map((name) => expand(parent === "" ? name : `${parent}/${name}`, rest));
  return (await Promise.all(inner)).flat();
}

async function foldersIn(folder: string): Promise<string[]> {
  if (!existsSync(folder)) return [];
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
}
