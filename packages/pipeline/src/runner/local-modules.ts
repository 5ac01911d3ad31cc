import { readFile, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { compare } from "../artifact/folder.ts";

/** Static and dynamic imports of relative paths; good enough for keys, where a missed one is a file name built at run time. */
const IMPORT = /(?:\bfrom|\bimport|\brequire)\s*\(?\s*["'](\.{1,2}\/[^"']+)["']/g;

/** A module and the modules that it imports by relative path, transitively; sorted. */
export async function localModules(entry: string): Promise<string[]> {
  const seen = new Set<string>();
  const visit = async (path: string): Promise<void> => {
    if (seen.has(path)) return;
    seen.add(path);
    const source = await readFile(path, "utf8");
    for (const [, specifier = ""] of source.matchAll(IMPORT)) {
      const target = resolve(dirname(path), specifier);
      if (await isFile(target)) await visit(target);
    }
  };
  await visit(entry);
  return [...seen].sort(compare);
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (status) => status.isFile(),
    () => false,
  );
}
