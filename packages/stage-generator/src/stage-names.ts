import type { FileTree } from "./file-tree.ts";
import { refusal, type ValidOptions } from "./options.ts";
import { workspacePackages, workspacePatterns } from "./workspace.ts";

/** Everything that a stage is called. */
export interface StageNames {
  /** "count-lines" */
  readonly name: string;
  /** "packages/count-lines" */
  readonly folder: string;
  /** "@acme/count-lines" */
  readonly package: string;
  /** The command: "acme-count-lines", and "moonlight-count-lines" among this repository's own. */
  readonly bin: string;
  /** The exported constant: "countLines". */
  readonly export: string;
  /** Begins the stage's error codes: "COUNT_LINES". */
  readonly code: string;
  readonly description: string;
}

/** Words that cannot name a constant, or that the generated files use already. */
const TAKEN_WORDS = new Set(
  `await break case catch class const continue debugger default delete do else enum export extends false finally for
   function if implements import in instanceof interface let new null package private protected public return static
   super switch this throw true try typeof var void while with yield arguments eval undefined async of
   describe expect it join never progress artifact`.split(/\s+/),
);

/**
 * @throws UsageError `STAGE_NAME_TAKEN`, `STAGE_SCOPE_UNKNOWN`, `STAGE_DIRECTORY_OUTSIDE`
 */
export function stageNames(tree: FileTree, options: ValidOptions): StageNames {
  const { name, directory, description } = options;
  const folder = `${directory}/${name}`;
  if (
    !workspacePatterns(tree).some((pattern) => pattern === folder || pattern === `${directory}/*`)
  )
    throw refusal(
      "STAGE_DIRECTORY_OUTSIDE",
      "directory",
      `npm would not see ${folder}: no pattern in "workspaces" of package.json takes it in.`,
      `Add "${directory}/*" there, or choose another --directory.`,
    );
  const scope = options.scope ?? usualScope(tree);
  const camel = name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  const names = {
    name,
    folder,
    package: `${scope}/${name}`,
    bin: `${scope === "@moonlight-rl" ? "moonlight" : scope.slice(1)}-${name}`,
    export: TAKEN_WORDS.has(camel) ? `${camel}Stage` : camel,
    code: name.toUpperCase().replaceAll("-", "_"),
    description,
  };
  assertFree(tree, names);
  return names;
}

function assertFree(tree: FileTree, names: StageNames): void {
  const taken = (what: string): never => {
    throw refusal("STAGE_NAME_TAKEN", "name", what, "Choose another name, or remove it first.");
  };
  if (tree.exists(names.folder)) taken(`${names.folder} exists already.`);
  for (const [folder, { name, bin }] of workspacePackages(tree)) {
    if (name === names.package) taken(`${folder} is called ${names.package} already.`);
    const commands = typeof bin === "string" ? [] : Object.keys(bin ?? {});
    if (commands.includes(names.bin)) taken(`${folder} has the command ${names.bin} already.`);
  }
}

/** The scope that most packages have. */
function usualScope(tree: FileTree): string {
  const counts = new Map<string, number>();
  for (const { name } of workspacePackages(tree).values()) {
    const scope = /^@[^/]+(?=\/)/.exec(name ?? "")?.[0];
    if (scope !== undefined) counts.set(scope, (counts.get(scope) ?? 0) + 1);
  }
  const [most] = [...counts].sort(([, a], [, b]) => b - a);
  if (most !== undefined) return most[0];
  throw refusal(
    "STAGE_SCOPE_UNKNOWN",
    "scope",
    "No package of this workspace has a scope.",
    "Name one: --scope @acme.",
  );
}
