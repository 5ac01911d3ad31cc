import { readdirSync, readFileSync } from "node:fs";
import { readFile, realpath, stat } from "node:fs/promises";
import { dirname, extname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { digestOf, PreflightError, readJson, sha256 } from "@moonlight-rl/core";
import { compare } from "../artifact/folder.ts";
import { localModules } from "./local-modules.ts";

/** Packages of this scope are hashed by content; those of others by their installed version. */
const SCOPE = "@moonlight-rl/";

/** What decides a stage's behaviour, by package name: a digest of built code, or the version of a foreign package. */
export type CodeDigest = Readonly<Record<string, string>>;

const dependenciesSchema = z.record(z.string(), z.string()).default({});
const packageSchema = z.object({
  name: z.string().default("(unnamed)"),
  version: z.string().default("0.0.0"),
  dependencies: dependenciesSchema,
  peerDependencies: dependenciesSchema,
  optionalDependencies: dependenciesSchema,
});
type Package = z.output<typeof packageSchema> & { readonly folder: string };

/** Code does not change while a process runs it, so each stage and each package is read once. */
const stages = new Map<string, Promise<CodeDigest>>();
const digests = new Map<string, Promise<string>>();

/**
 * Digests of the package that holds `from` (an `import.meta.url`) and of every package of our scope that it
 * can reach: dependencies, peers and optional peers that are installed (a backend that is loaded on demand changes results too).
 */
export function codeDigest(from: string): Promise<CodeDigest> {
  let digest = stages.get(from);
  if (digest === undefined) {
    digest = findCode(from);
    stages.set(from, digest);
  }
  return digest;
}

async function findCode(from: string): Promise<CodeDigest> {
  const file = await realpath(fileURLToPath(from));
  const home = await findPackage(dirname(file), file);
  const found: Record<string, string> = {};
  found[home.name] = await ownDigest(home, file);
  await addDependencies(home, found);
  return Object.fromEntries(Object.entries(found).sort(([a], [b]) => compare(a, b)));
}

/** Name and version of the package that holds `from`. */
export async function packageOf(from: string): Promise<{ name: string; version: string }> {
  const file = await realpath(fileURLToPath(from));
  const { name, version } = await findPackage(dirname(file), file);
  return { name, version };
}

/** Names of what a package may load: dependencies, peers and optional ones. */
export function dependenciesOf(owner: Package): string[] {
  return Object.keys({
    ...owner.dependencies,
    ...owner.peerDependencies,
    ...owner.optionalDependencies,
  });
}

export function isOurs(name: string): boolean {
  return name.startsWith(SCOPE);
}

async function addDependencies(owner: Package, found: Record<string, string>): Promise<void> {
  for (const name of dependenciesOf(owner)) {
    if (name in found) continue;
    const folder = await findInstalled(name, owner.folder);
    // An optional peer that is not there: its absence is part of the key.
    if (folder === undefined) {
      found[name] = "absent";
      continue;
    }
    const dependency = await readPackage(folder);
    if (!isOurs(name)) {
      found[name] = dependency.version;
      continue;
    }
    found[name] = await builtDigest(dependency.folder);
    await addDependencies(dependency, found);
  }
}

/** A stage inside a built package is its `dist`; one in a plain script is that file and the local files it imports. */
async function ownDigest(home: Package, file: string): Promise<string> {
  const top = relative(home.folder, file).split(sep)[0];
  const built = (top === "dist" || top === "src") && (await isFolder(join(home.folder, "dist")));
  if (built) return builtDigest(home.folder);
  const modules = await localModules(file);
  return digestOf(
    await Promise.all(
      modules.map(async (path) => [relative(home.folder, path), sha256(await readFile(path))]),
    ),
  );
}

function builtDigest(folder: string): Promise<string> {
  let digest = digests.get(folder);
  if (digest === undefined) {
    digest = hashCode(join(folder, "dist"));
    digests.set(folder, digest);
  }
  return digest;
}

/** Digest of what a built package executes: declarations, maps and build records do not count. */
async function hashCode(dist: string): Promise<string> {
  if (!(await isFolder(dist))) {
    throw new PreflightError(
      "PACKAGE_NOT_BUILT",
      `${dist} is not there, so its digest is unknown.`,
      {
        file: dist,
        hint: "Build the packages first: npm run build.",
      },
    );
  }
  // Hundreds of small files before a stage begins: read one by one they take a quarter of what promises do.
  const files = readdirSync(dist, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && isCode(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort(compare);
  return digestOf(files.map((path) => [relative(dist, path), sha256(readFileSync(path))]));
}

function isCode(name: string): boolean {
  if (name.endsWith(".d.ts") || /\.test\.[cm]?[jt]s$/.test(name)) return false;
  return ![".map", ".tsbuildinfo", ".md"].includes(extname(name)) && !name.startsWith(".");
}

export async function findPackage(from: string, file: string): Promise<Package> {
  for (let at = from; ; at = dirname(at)) {
    if (await isFile(join(at, "package.json"))) return readPackage(at);
    if (dirname(at) !== at) continue;
    // A lone script without any package.json: a package of its own.
    return { ...packageSchema.parse({ name: `file:${relative(from, file)}` }), folder: from };
  }
}

export async function findInstalled(name: string, from: string): Promise<string | undefined> {
  for (let at = from; ; at = dirname(at)) {
    const folder = join(at, "node_modules", name);
    if (await isFile(join(folder, "package.json"))) return realpath(folder);
    if (dirname(at) === at) return undefined;
  }
}

export async function readPackage(folder: string): Promise<Package> {
  const path = join(folder, "package.json");
  return { ...(await readJson(path, packageSchema, { what: "package.json" })), folder };
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (status) => status.isFile(),
    () => false,
  );
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (status) => status.isDirectory(),
    () => false,
  );
}
