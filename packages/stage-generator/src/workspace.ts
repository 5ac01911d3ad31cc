import { readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, sep } from "node:path";
import { z } from "zod";
import type { FileTree } from "./file-tree.ts";
import { refusal } from "./options.ts";

const manifestSchema = z.looseObject({
  name: z.string().optional(),
  version: z.string().default("0.0.0"),
  license: z.string().optional(),
  bin: z.union([z.string(), z.record(z.string(), z.string())]).optional(),
  dependencies: z.record(z.string(), z.string()).default({}),
  engines: z.looseObject({ node: z.string().optional() }).optional(),
  workspaces: z
    .union([z.array(z.string()), z.looseObject({ packages: z.array(z.string()) })])
    .optional(),
});
export type PackageManifest = z.output<typeof manifestSchema>;

/** A `package.json` of the tree; undefined when there is none. */
export function readManifest(tree: FileTree, folder: string): PackageManifest | undefined {
  const path = join(folder, "package.json");
  const text = tree.exists(path) ? tree.read(path, "utf-8") : null;
  return text === null ? undefined : manifestSchema.parse(JSON.parse(text));
}

/** Patterns of the folders that are packages: `packages/*`. */
export function workspacePatterns(tree: FileTree): readonly string[] {
  const patterns = readManifest(tree, ".")?.workspaces ?? [];
  return "packages" in patterns ? patterns.packages : patterns;
}

/** All packages by folder, from the patterns; a pattern is a folder, or one with all that it holds. */
export function workspacePackages(tree: FileTree): ReadonlyMap<string, PackageManifest> {
  const folders = workspacePatterns(tree).flatMap((pattern) => {
    if (!pattern.endsWith("/*")) return [pattern];
    const parent = pattern.slice(0, -2);
    return tree.exists(parent) ? tree.children(parent).map((name) => `${parent}/${name}`) : [];
  });
  const found = new Map<string, PackageManifest>();
  for (const folder of folders) {
    const manifest = readManifest(tree, folder);
    if (manifest !== undefined) found.set(folder, manifest);
  }
  return found;
}

/** A package that the new one uses. */
export interface InstalledPackage {
  readonly manifest: PackageManifest;
  /** Its folder when it is a package of this workspace. */
  readonly folder?: string;
}

/**
 * As the workspace would import it: its own package, or what npm has installed.
 *
 * @throws UsageError `STAGE_DEPENDENCY_MISSING`
 */
export function installedPackage(tree: FileTree, name: string): InstalledPackage {
  const root = realpathSync(tree.root);
  let path: string;
  try {
    path = realpathSync(createRequire(join(root, "package.json")).resolve(`${name}/package.json`));
  } catch {
    throw refusal(
      "STAGE_DEPENDENCY_MISSING",
      "name",
      `A stage needs ${name}, which is not installed here.`,
      `Run npm install --save-dev ${name} first.`,
    );
  }
  const manifest = manifestSchema.parse(JSON.parse(readFileSync(path, "utf8")));
  const folder = relative(root, dirname(path)).split(sep).join("/");
  const own = !folder.startsWith("..") && !folder.split("/").includes("node_modules");
  return { manifest, ...(own ? { folder } : {}) };
}
