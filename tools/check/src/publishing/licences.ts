import { readFile } from "node:fs/promises";
import { posix } from "node:path";
import { z } from "zod";

/** Licences that go with Apache-2.0 in whatever a user ships. */
const FINE =
  /^\(?(?:MIT|MIT-0|ISC|0BSD|Apache-2\.0|BSD-2-Clause|BSD-3-Clause|BlueOak-1\.0\.0|CC0-1\.0|Python-2\.0|Unlicense|Zlib)\b/;

const needs = z.record(z.string(), z.string()).default({});
const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({
      license: z.string().optional(),
      link: z.boolean().default(false),
      resolved: z.string().optional(),
      dependencies: needs,
      optionalDependencies: needs,
    }),
  ),
});
type Lock = z.output<typeof lockSchema>;

/** What users get with our published packages and whose licence is none, or one that asks something of them. */
export function licenceFaults(
  lock: z.input<typeof lockSchema>,
  folders: readonly string[],
): string[] {
  const { packages } = lockSchema.parse(lock);
  const reached = new Set(folders);
  for (const path of reached) {
    const { dependencies = {}, optionalDependencies = {} } = packages[path] ?? {};
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const found = placeOf(packages, path, name);
      if (found !== undefined) reached.add(found);
    }
  }
  return [...reached]
    .filter((path) => path.includes("node_modules/"))
    .toSorted()
    .flatMap((path) => {
      const { license } = packages[path] ?? {};
      return FINE.test(license ?? "")
        ? []
        : [`${path.replace(/^.*node_modules\//, "")}: licence ${license ?? "unknown"}`];
    });
}

/** Where a package finds one that it asks for, as Node looks for it; links lead to their folder. */
function placeOf(packages: Lock["packages"], from: string, name: string): string | undefined {
  for (let at = from; ; at = posix.dirname(at)) {
    const path = at === "." ? `node_modules/${name}` : `${at}/node_modules/${name}`;
    const found = packages[path];
    if (found !== undefined) return found.link ? found.resolved : path;
    if (at === ".") return undefined;
  }
}

export async function lockedLicenceFaults(folders: readonly string[]): Promise<string[]> {
  return licenceFaults(JSON.parse(await readFile("package-lock.json", "utf8")) as never, folders);
}
