import type { PackedPackage } from "./pack-packages.ts";
import { sourceOf } from "./package-faults.ts";

/** What every package, or every stage, has, and what the compiler makes of its sources: looked at by rules, not one by one. */
const USUAL =
  /^(?:package\.json|help\.json|README\.md|LICENSE|CHANGELOG\.md|bin\/[\w-]+\.js|src\/.*\.tsx?)$/;

/** Every file that a package publishes beyond its code, for a reviewer; a bundler's digests in names stand as HASH. */
export function fileReport(packed: readonly PackedPackage[]): string {
  return packed
    .flatMap(({ name, files }) => {
      const others = files
        .filter((file) => !USUAL.test(file) && sourceOf(file, files) === undefined)
        .map((file) => file.replace(/-[\w-]{8}(\.\w+(?:\.map)?)$/, "-HASH$1"));
      return others.length === 0
        ? []
        : [`# ${name}\n\n${[...new Set(others)].sort().join("\n")}\n`];
    })
    .sort()
    .join("\n");
}
