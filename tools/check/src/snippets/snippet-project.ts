import { cp, mkdir, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { withChecks } from "./shown-values.ts";
import type { Snippet } from "./page-snippets.ts";

/** Snippets as the modules of one project that a stranger could have: strict, against the built packages. */
export class SnippetProject {
  readonly folder: string;
  readonly #snippets: readonly Snippet[];

  private constructor(folder: string, snippets: readonly Snippet[]) {
    this.folder = folder;
    this.#snippets = snippets;
  }

  static async create(folder: string, snippets: readonly Snippet[]): Promise<SnippetProject> {
    const sources = join(folder, "src");
    await mkdir(sources, { recursive: true });
    await symlink(resolve("node_modules"), join(folder, "node_modules"));
    await writeFile(join(folder, "package.json"), '{ "type": "module" }\n');
    await writeFile(
      join(folder, "tsconfig.json"),
      JSON.stringify({
        extends: resolve("tsconfig.base.json"),
        compilerOptions: {
          composite: false,
          declaration: false,
          declarationMap: false,
          types: ["node"],
          outDir: "dist",
          rootDir: "src",
          noUnusedLocals: false,
          noUnusedParameters: false,
          // Expressions that stand alone show what they are worth.
          allowUnreachableCode: true,
        },
        include: ["src"],
      }),
    );
    const project = new SnippetProject(folder, snippets);
    for (const snippet of snippets)
      await writeFile(join(sources, `${nameOf(snippet)}.ts`), withChecks(snippet.code));
    return project;
  }

  /** A line for each snippet that does not compile. */
  async compile(): Promise<string[]> {
    const { all, exitCode } = await execa("tsc", ["-p", this.folder, "--pretty", "false"], {
      preferLocal: true,
      reject: false,
      all: true,
      stdin: "ignore",
    });
    if (exitCode === 0) return [];
    const faults = all.split("\n").filter((line) => line.trim() !== "");
    return this.#snippets.flatMap((snippet) => {
      const own = faults.filter((fault) => fault.includes(`${nameOf(snippet)}.ts(`));
      return own.length === 0 ? [] : [`${snippet.page}:${snippet.line}\n${own.join("\n")}`];
    });
  }

  /** Runs a compiled snippet in a copy of a folder; what is wrong, or undefined. */
  async run(
    snippet: Snippet,
    folder: string,
    env: Readonly<Record<string, string>>,
  ): Promise<string | undefined> {
    const cwd = join(this.folder, `run-${nameOf(snippet)}`);
    await cp(folder, cwd, { recursive: true });
    const script = join(this.folder, "dist", `${nameOf(snippet)}.js`);
    const result = await execa(process.execPath, ["--enable-source-maps", script], {
      cwd,
      env: { ...env, NO_COLOR: "1" },
      reject: false,
      all: true,
      stdin: "ignore",
      timeout: 180_000,
    });
    if (result.exitCode === 0) return undefined;
    return `${snippet.page}:${snippet.line}: exit ${result.exitCode ?? result.signal}\n${result.all.slice(-2500)}`;
  }
}

function nameOf({ page, line }: Snippet): string {
  return `${page.replaceAll(/[^\w]+/g, "-")}-${line}`;
}
