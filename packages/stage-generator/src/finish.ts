import { existsSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import type { FileTree } from "./file-tree.ts";

const FORMATTED = /\.(?:ts|json|md)$/;

/** Formats what was written, if the workspace has oxfmt, and lets npm link the package and note it in the lock. */
export async function finish(
  tree: FileTree,
  notes: readonly string[],
  skipInstall: boolean,
): Promise<void> {
  for (const note of notes) console.warn(note);
  if (skipInstall) return;
  if (existsSync(join(tree.root, "node_modules/.bin/oxfmt"))) {
    const written = tree
      .listChanges()
      .filter(({ path, type }) => type !== "DELETE" && FORMATTED.test(path))
      .map(({ path }) => path);
    await execa("oxfmt", written, {
      cwd: tree.root,
      preferLocal: true,
      localDir: tree.root,
      stdin: "ignore",
      stdout: "inherit",
      stderr: "inherit",
    });
  }
  await execa("npm", ["install", "--no-audit", "--no-fund"], {
    cwd: tree.root,
    stdin: "ignore",
    stdout: "inherit",
    stderr: "inherit",
  });
}
