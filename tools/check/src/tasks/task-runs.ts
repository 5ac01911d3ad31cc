import { appendFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { git } from "../workspace/copy-workspace.ts";
import { runIn } from "../workspace/steps.ts";

/** Packages of which the middle one is changed: one below it, one above it, and one that has nothing to do with it but reads pages. */
export const PACKAGES = ["core", "hub", "fetch", "recipe"] as const;
const RUN = ["build", "test"] as const;
/** Outside of the repository, where no runner looks for inputs or outputs. */
const LOG = "ran.log";

/** A change, and the tasks that it has to run again; all others have to come from the cache. */
interface Probe {
  readonly what: string;
  readonly files?: readonly string[];
  readonly expected: readonly string[];
}

const ALL = PACKAGES.flatMap((name) => RUN.map((task) => `${name}:${task}`));
export const PROBES: readonly Probe[] = [
  { what: "nothing is changed", expected: [] },
  {
    what: "a line of a source",
    files: ["packages/hub/src/index.ts"],
    expected: ["hub:build", "hub:test", "fetch:build", "fetch:test"],
  },
  {
    what: "a line of a test and one of a README",
    files: ["packages/hub/src/download/machine-faults.system.test.ts", "packages/hub/README.md"],
    expected: ["hub:test"],
  },
  {
    what: "a page that a test reads",
    files: ["docs/recipe/rollout.md"],
    expected: ["recipe:test"],
  },
  { what: "the compiler's settings for all", files: ["tsconfig.base.json"], expected: ALL },
];

/** Both task runners, each with a cache of its own. */
export const RUNNERS: Readonly<Record<string, (copy: string) => Promise<void>>> = {
  Nx: async (copy) => {
    const projects = PACKAGES.map((name) => `@moonlight-rl/${name}`).join(",");
    await runIn(copy, "nx", ["run-many", "-t", ...RUN, "-p", projects]);
  },
  Turbo: async (copy) => {
    const filters = PACKAGES.map((name) => `--filter=@moonlight-rl/${name}`);
    await runIn(copy, "turbo", ["run", ...RUN, ...filters]);
  },
};

/** Puts scripts in place of the real ones that only note that they ran: what is tried is the cache, not the compiler. */
export async function noteRuns(copy: string): Promise<void> {
  const log = join(dirname(copy), LOG);
  for (const name of await readdir(join(copy, "packages"))) {
    const file = join(copy, "packages", name, "package.json");
    const manifest = JSON.parse(await readFile(file, "utf8")) as {
      scripts: Record<string, string>;
    };
    const noted = (PACKAGES as readonly string[]).includes(name);
    for (const task of RUN) {
      const output = task === "build" ? "mkdir -p dist && echo built > dist/built.txt" : "true";
      manifest.scripts[task] = noted ? `${output} && echo ${name}:${task} >> '${log}'` : output;
    }
    await writeFile(file, `${JSON.stringify(manifest, null, 2)}\n`);
  }
  await git(copy, "commit", "--quiet", "--all", "--message=scripts that note that they ran");
}

/** Changes files as a probe says, lets a runner run everything, and tells what it did not take from its cache. */
export async function tasksRun(
  copy: string,
  run: (copy: string) => Promise<void>,
  files: readonly string[] = [],
): Promise<string[]> {
  const log = join(dirname(copy), LOG);
  await mkdir(dirname(log), { recursive: true });
  await writeFile(log, "");
  // A comment, or a line of text: never what changes the meaning of a script or setting.
  for (const file of files)
    await appendFile(join(copy, file), file.endsWith(".md") ? "\nA line.\n" : "// changed\n");
  await run(copy);
  return (await readFile(log, "utf8")).split("\n").filter((line) => line !== "");
}

/** How the tasks that ran differ from those that had to; undefined if they do not. */
export function difference(
  expected: readonly string[],
  found: readonly string[],
): string | undefined {
  const missing = expected.filter((id) => !found.includes(id));
  const more = found.filter((id) => !expected.includes(id));
  if (missing.length + more.length === 0) return undefined;
  return [
    ...(missing.length > 0 ? [`not reached: ${missing.join(", ")}`] : []),
    ...(more.length > 0 ? [`reached for nothing: ${more.join(", ")}`] : []),
  ].join("; ");
}
