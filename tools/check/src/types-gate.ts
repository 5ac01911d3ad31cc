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
      for (const folder of await projectFolders()) {
        const project = `${folder}/${isExample(folder) ? "tsconfig.json" : "tsconfig.test.json"}`;
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
