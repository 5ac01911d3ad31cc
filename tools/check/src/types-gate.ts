import { existsSync } from "node:fs";
import { execa } from "execa";
import type { Gate } from "./gate.ts";
import { projectFolders } from "./projects.ts";

/** What builds leave out: sources with their tests, and pages, which Vite builds without looking at types. */
const PROJECTS = ["tsconfig.test.json", "src/page/tsconfig.json"];

/** Type-checks sources together with their tests, package by package (builds leave the tests out). */
export function typesGate(): Gate {
  return {
    name: "types",
    async run() {
      const failures: string[] = [];
      let passed = 0;
      const folders = await projectFolders();
      for (const project of folders.flatMap((folder) =>
        PROJECTS.map((one) => `${folder}/${one}`),
      )) {
        if (!existsSync(project)) continue;
        const result = await execa("tsc", ["-p", project], {
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
