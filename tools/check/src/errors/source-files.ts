import { readFile } from "node:fs/promises";
import { execa } from "execa";

/** Sources that make codes up, or expect them, for tests. */
const FIXTURES =
  /^(?:apps\/dashboard\/src\/testing|packages\/(?:hub\/src\/testing\/faults|convert\/src\/testing))\//;

/** The sources of all packages and apps without their tests, by folder of the package and path. */
export async function sourceFiles(): Promise<Map<string, Map<string, string>>> {
  const list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "packages", "apps"];
  const { stdout } = await execa("git", list);
  const folders = new Map<string, Map<string, string>>();
  for (const file of stdout.split("\0")) {
    const folder = /^((?:packages|apps)\/[^/]+)\/src\/.*\.tsx?$/.exec(file)?.[1];
    if (folder === undefined || /\.test(?:-d)?\.tsx?$/.test(file) || FIXTURES.test(file)) continue;
    const text = await readFile(file, "utf8").catch(() => undefined);
    if (text === undefined) continue;
    const files = folders.get(folder) ?? new Map<string, string>();
    folders.set(folder, files.set(file, text));
  }
  return folders;
}
