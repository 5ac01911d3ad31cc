import type { FileTree } from "./file-tree.ts";
import { finish } from "./finish.ts";
import { parseOptions, type StageOptions } from "./options.ts";
import { packageSettings } from "./package-settings.ts";
import { repositoryEdits } from "./repository-edits.ts";
import { stageNames, type StageNames } from "./stage-names.ts";
import { filledTemplates } from "./templates.ts";

const EXECUTABLE = 0o755;

/**
 * `nx g @moonlight-rl/stage-generator:stage NAME`: writes a stage package that counts lines, for its author to change. Nothing is
 * on the disk before all of it is known; what the returned function does (formatting, `npm install`) Nx leaves out with `--dry-run`.
 *
 * @throws UsageError `STAGE_OPTION_INVALID`, `STAGE_NAME_TAKEN`, `STAGE_SCOPE_UNKNOWN`, `STAGE_DIRECTORY_OUTSIDE`,
 * `STAGE_DEPENDENCY_MISSING`
 */
export function generateStage(tree: FileTree, options: StageOptions): () => Promise<void> {
  const valid = parseOptions(options);
  const names = stageNames(tree, valid);
  for (const [path, settings] of packageSettings(tree, names))
    tree.write(`${names.folder}/${path}`, `${JSON.stringify(settings, null, 2)}\n`);
  for (const [path, content] of filledTemplates("package", names))
    tree.write(
      `${names.folder}/${path}`,
      content,
      path.startsWith("bin/") ? { mode: EXECUTABLE } : undefined,
    );
  const licence = tree.exists("LICENSE") ? tree.read("LICENSE", "utf-8") : null;
  if (licence !== null) tree.write(`${names.folder}/LICENSE`, licence);
  writeChangeset(tree, names);
  if (tree.exists("tools/check/api"))
    for (const [path, content] of filledTemplates("api", names))
      tree.write(`tools/check/api/${path}`, content);
  const notes = repositoryEdits(tree, names);
  return () => finish(tree, notes, valid.skipInstall);
}

function writeChangeset(tree: FileTree, names: StageNames): void {
  if (!tree.exists(".changeset/config.json")) return;
  tree.write(
    `.changeset/stage-${names.name}.md`,
    `---\n"${names.package}": minor\n---\n\nA new stage. ${names.description}\n`,
  );
}
