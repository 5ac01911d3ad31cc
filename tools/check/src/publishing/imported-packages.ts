import { isBuiltin } from "node:module";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

const CODE = /^(?:dist|bin)\/.*\.(?:js|d\.ts)$/;

/** Packages that the published code asks for when it runs or is compiled against: name → the first file that does. */
export async function importedPackages(
  folder: string,
  files: readonly string[],
): Promise<Map<string, string>> {
  const own = (
    JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as { readonly name: string }
  ).name;
  const used = new Map<string, string>();
  for (const file of files.filter((name) => CODE.test(name)).toSorted()) {
    for (const name of packagesIn(await readFile(join(folder, file), "utf8")))
      if (name !== own && !used.has(name)) used.set(name, file);
  }
  return used;
}

/** Names of packages that a module as the compiler writes it imports, by whatever way; not Node's own. */
export function packagesIn(code: string): Set<string> {
  const text = code.replaceAll(/^\s*(?:\/\*\*|\*).*$/gm, "");
  const specifiers = [
    ...text.matchAll(/^(?:import|export)\b[^;"']*?\bfrom\s*["']([^"']+)["']/gm),
    ...text.matchAll(/^import\s*["']([^"']+)["']/gm),
    ...text.matchAll(/\bimport\(\s*["']([^"']+)["']\s*\)/g),
    ...text.matchAll(/\brequire(?:\.resolve)?\(\s*["']([^"']+)["']\s*\)/g),
    ...text.matchAll(/\bcreateRequire\([^)]*\)\(\s*["']([^"']+)["']\s*\)/g),
  ].map((match) => match[1] ?? "");
  return new Set(
    specifiers
      .filter((name) => !/^[./#]|^[a-z]+:/.test(name) && !isBuiltin(name))
      .map((name) => name.split("/", name.startsWith("@") ? 2 : 1).join("/")),
  );
}
