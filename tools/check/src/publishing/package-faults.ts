import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { checkPackage, createPackageFromTarballData, type Problem } from "@arethetypeswrong/core";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { z } from "zod";
import { formatBytes } from "@moonlight-rl/core";
import { importedPackages } from "./imported-packages.ts";
import type { PackedPackage } from "./pack-packages.ts";

const NEEDED = ["package.json", "README.md", "LICENSE", "dist/index.js", "dist/index.d.ts"];
const UNWANTED =
  /(?:\.test\.(?!ts\.template$)|\.test-d\.|\.tsbuildinfo$|(?:^|\/)\.(?!npmignore)|\.tgz$|\.log$|^(?:golden|api)\/)/;
/** What a user downloads; the models and data of the tiny assets are what that package is for. */
const BUDGET: Readonly<Record<string, number>> = {
  "@moonlight-rl/tiny-moonlight": 12 << 20,
  "@moonlight-rl/tokenizer": 4 << 20,
};
const USUAL_BUDGET = 1 << 20;
/** ES modules only: CommonJS takes them with import(), or require() of Node 20.19 and later. */
const EXPECTED: ReadonlySet<Problem["kind"]> = new Set(["CJSResolvesToESM"]);

/** What is wrong with a package as it would be published. */
export async function packageFaults(one: PackedPackage): Promise<string[]> {
  return [
    ...contentFaults(one),
    ...(await manifestFaults(one)),
    ...(await publintFaults(one)),
    ...(await typeFaults(one)),
  ].map((fault) => `${one.name}: ${fault}`);
}

function contentFaults({ name, folder, files, size }: PackedPackage): string[] {
  const faults = NEEDED.filter((file) => !files.includes(file)).map((file) => `lacks ${file}`);
  const unwanted = files.filter((file) => UNWANTED.test(file));
  if (unwanted.length > 0)
    faults.push(`would publish ${unwanted.slice(0, 5).join(", ")} (${unwanted.length} files)`);
  // A build leaves the results of sources that are gone.
  const stale = files.filter((file) => {
    const source = sourceOf(file, files);
    return source !== undefined && !sourceExists(folder, source);
  });
  if (stale.length > 0)
    faults.push(
      `would publish ${stale.slice(0, 3).join(", ")}, whose source is gone: rm -r ${folder}/dist && npm run build`,
    );
  const budget = BUDGET[name] ?? USUAL_BUDGET;
  if (size > budget)
    faults.push(`is ${formatBytes(size)} to download; its budget is ${formatBytes(budget)}`);
  return faults;
}

/** The source of a file that the compiler wrote, without its ending; undefined for all others. It declares whatever it compiles. */
export function sourceOf(file: string, files: readonly string[]): string | undefined {
  const name = /^dist\/(.*?)(?:\.d\.ts|\.js)(?:\.map)?$/.exec(file)?.[1];
  return name !== undefined && files.includes(`dist/${name}.d.ts`) ? `src/${name}` : undefined;
}

function sourceExists(folder: string, source: string): boolean {
  return [".ts", ".tsx"].some((ending) => existsSync(join(folder, `${source}${ending}`)));
}

const manifestSchema = z.object({
  license: z.string().optional(),
  description: z.string().optional(),
  dependencies: z.record(z.string(), z.string()).default({}),
  peerDependencies: z.record(z.string(), z.string()).default({}),
  optionalDependencies: z.record(z.string(), z.string()).default({}),
  scripts: z.record(z.string(), z.string()).default({}),
  publishConfig: z.looseObject({ access: z.string().optional(), registry: z.string().optional() }),
});

/** What the manifest promises, and whether the files keep to it. */
async function manifestFaults({ folder, files }: PackedPackage): Promise<string[]> {
  const manifest = manifestSchema.parse(
    JSON.parse(await readFile(join(folder, "package.json"), "utf8")),
  );
  const faults: string[] = [];
  if (manifest.license !== "Apache-2.0") faults.push("its licence is not the repository's");
  if ((await readFile(join(folder, "LICENSE"), "utf8")) !== (await readFile("LICENSE", "utf8")))
    faults.push("LICENSE is not the repository's");
  if (manifest.description === undefined) faults.push("has no description");
  if (manifest.publishConfig.registry !== undefined)
    faults.push("names a registry: that is the publisher's setting");
  const run = Object.keys(manifest.scripts).filter((name) => /^(?:pre|post)?install$/.test(name));
  if (run.length > 0) faults.push(`runs a script when it is installed: ${run.join(", ")}`);
  const { dependencies, peerDependencies, optionalDependencies } = manifest;
  for (const [name, range] of Object.entries({ ...dependencies, ...optionalDependencies }))
    if (/^(?:file|link|workspace|git|https?):|^\*$/.test(range))
      faults.push(`wants ${name} ${range}`);
  // One runner for a whole application: of any version with the contract's number, and of no other.
  for (const [name, range] of Object.entries(peerDependencies))
    if (!/^>=\d+\.\d+\.\d+ <\d+\.0\.0$/.test(range)) faults.push(`wants its peer ${name} ${range}`);
  const promised = new Set(
    [dependencies, peerDependencies, optionalDependencies].flatMap(Object.keys),
  );
  const used = await importedPackages(folder, files);
  for (const [name, file] of used)
    if (!promised.has(name)) faults.push(`${file} imports ${name}, which is no dependency`);
  return faults;
}

async function publintFaults({ tarball }: PackedPackage): Promise<string[]> {
  const bytes = await readFile(tarball);
  const data = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const { messages, pkg } = await publint({
    pkgDir: "package",
    pack: { tarball: data },
    strict: true,
  });
  return messages.map((message) => formatMessage(message, pkg) ?? message.code);
}

async function typeFaults({ tarball }: PackedPackage): Promise<string[]> {
  const analysis = await checkPackage(createPackageFromTarballData(await readFile(tarball)));
  if (!analysis.types) return ["has no types"];
  return analysis.problems
    .filter((problem) => !EXPECTED.has(problem.kind) && !isNode10(problem))
    .map(
      (problem) =>
        `types: ${problem.kind}${"entrypoint" in problem ? ` of ${problem.entrypoint}` : ""}`,
    );
}

/** TypeScript's resolution of Node 10 knows no `exports`; nobody who can run these packages uses it. */
function isNode10(problem: Problem): boolean {
  return "resolutionKind" in problem && problem.resolutionKind === "node10";
}
