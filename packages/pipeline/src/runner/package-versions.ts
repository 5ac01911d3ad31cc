import { realpath } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { compare } from "../artifact/folder.ts";
import {
  dependenciesOf,
  findInstalled,
  findPackage,
  isOurs,
  readPackage,
} from "./package-digest.ts";

/**
 * Versions of the packages that hold `from` (each an `import.meta.url`), of all packages of our scope that they reach, and of the foreign
 * ones that those name directly; only what is installed.
 */
export async function packageVersions(from: readonly string[]): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  const visit = async (owner: Awaited<ReturnType<typeof readPackage>>): Promise<void> => {
    found[owner.name] = owner.version;
    for (const name of dependenciesOf(owner)) {
      if (name in found) continue;
      const folder = await findInstalled(name, owner.folder);
      if (folder === undefined) continue;
      const dependency = await readPackage(folder);
      if (isOurs(name)) await visit(dependency);
      else found[name] = dependency.version;
    }
  };
  for (const url of from) {
    const file = await realpath(fileURLToPath(url));
    await visit(await findPackage(dirname(file), file));
  }
  return Object.fromEntries(Object.entries(found).sort(([a], [b]) => compare(a, b)));
}
