import type { FileTree } from "./file-tree.ts";
import type { StageNames } from "./stage-names.ts";

/**
 * Makes the new package known where this workspace keeps lists: the references of the root tsconfig, the layers, tables of
 * packages. A list that the workspace does not have is left out.
 *
 * @returns what could not be done and is left to the author
 */
export function repositoryEdits(tree: FileTree, names: StageNames): string[] {
  const short = names.package.replace(/^@moonlight-rl\//, "");
  return [
    edit(tree, "tsconfig.json", (text) => withReference(text, names.folder)),
    edit(tree, "tools/check/src/layers.ts", (text) =>
      replaceOnce(text, /"eval"(?=[^\]]*\])/, `"eval", ${JSON.stringify(short)}`),
    ),
    edit(tree, "docs/architecture.md", (text) =>
      replaceOnce(text, /^(\| stages +\|[^|]*`)( *\|)/m, `$1 \`${short}\`$2`),
    ),
    edit(tree, "README.md", (text) =>
      replaceOnce(
        text,
        /^\| \[`eval`\]\(packages\/eval\).*$/m,
        `$&\n| [\`${short}\`](${names.folder}) | stage: ${names.description.replaceAll("|", "\\|")} |`,
      ),
    ),
  ].filter((note) => note !== undefined);
}

/** Applies a change to a file if it is there; a sentence when it could not be made. */
function edit(
  tree: FileTree,
  path: string,
  change: (text: string) => string | undefined,
): string | undefined {
  const text = tree.exists(path) ? tree.read(path, "utf-8") : null;
  if (text === null) return undefined;
  const changed = change(text);
  if (changed === undefined) return `${path} was left as it is: add the new package there.`;
  tree.write(path, changed);
  return undefined;
}

function replaceOnce(text: string, what: RegExp, by: string): string | undefined {
  return what.test(text) ? text.replace(what, by) : undefined;
}

/** A solution-style tsconfig with one more reference, after the others of that folder. */
function withReference(text: string, folder: string): string | undefined {
  let config: { references?: { path: string }[] };
  try {
    config = JSON.parse(text) as typeof config;
  } catch {
    return undefined; // It has comments, which would be lost.
  }
  const { references } = config;
  if (references === undefined) return undefined;
  const parent = folder.slice(0, folder.lastIndexOf("/") + 1);
  const last = references.findLastIndex(({ path }) => path.startsWith(parent));
  references.splice(last === -1 ? references.length : last + 1, 0, { path: folder });
  return `${JSON.stringify(config, null, 2)}\n`;
}
