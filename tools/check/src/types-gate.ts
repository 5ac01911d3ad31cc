import { existsSync } from "node:fs";
import { execa } from "execa";
import type { Gate } from "./gate.ts";
import { isExample, projectFolders } from "./projects.ts";

/** Type-checks sources together with their tests, package by package (builds leave the tests out). */
export function typesGate(): Gate {
  return {
    name: "types",
    async run() {
      const failures: string[] = [];
      let passed = 0;
      for (const project of (await projectFolders()).flatMap(projectsOf)) {
        if (!existsSync(project)) continue;
        const result = await execa("tsc", ["-p", project, "--noEmit"], {
          reject: false,
          all: true,
          preferLocal: true,
        });
        if (result.exitCode === 0) passed++;
        else failures.push(`${project}\n${result.all}`);
      }
      return { passed, failures };
    },
  };
}

/** What builds leave out: sources with their tests, and pages, which Vite builds without looking at types. */
function projectsOf(folder: string): string[] {
  const own = isExample(folder) ? "tsconfig.json" : "tsconfig.test.json";
  return [own, "src/page/tsconfig.json"].map((project) => `${folder}/${project}`);
}
