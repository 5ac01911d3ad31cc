import { readdir } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";

/** Folders of all workspace packages, relative to the repository root. */
export async function projectFolders(): Promise<string[]> {
  const folders: string[] = ["bench"];
  for (const parent of ["packages", "apps", "tools"]) {
    for (const name of await readdir(parent)) {
      if (existsSync(join(parent, name, "package.json"))) folders.push(`${parent}/${name}`);
    }
  }
  return folders.sort();
}
