import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Gate } from "./gate.ts";
import { LAYERS } from "./layers.ts";
import { layersTableFaults } from "./pages/layers-table.ts";
import { brokenTables, missingPaths } from "./pages/page-faults.ts";
import { readmeFaults } from "./pages/readme-shape.ts";
import { publicFolders } from "./publishing/pack-packages.ts";
import { repositoryFiles } from "./workspace/copy-workspace.ts";

/** Names of the reference's own files, which pages quote. */
const REFERENCE = /^tools\/convert_(?:hf_to_torch_dist|torch_dist_to_hf)\.py$/;
const ARCHITECTURE = "docs/architecture.md";

const manifestSchema = z.object({
  name: z.string(),
  exports: z.record(z.string(), z.unknown()).default({}),
});

/**
 * What links cannot tell of a page: each README has the shape that all have, the layers that the architecture names are those that
 * are enforced, every path that is named as code is there, and every table is one.
 */
export function pagesGate(): Gate {
  return {
    name: "pages",
    async run() {
      const failures: string[] = [];
      let passed = 0;
      const note = (file: string, faults: readonly string[]): void => {
        if (faults.length === 0) passed++;
        failures.push(...faults.map((fault) => `${file}: ${fault}`));
      };
      for (const file of await repositoryFiles()) {
        if (!file.endsWith(".md") || file.startsWith(".changeset/")) continue;
        const text = await readFile(file, "utf8");
        note(file, [
          ...missingPaths(text, (path) => REFERENCE.test(path) || existsSync(path)),
          ...brokenTables(text),
        ]);
      }
      for (const folder of await publicFolders()) {
        const manifest = manifestSchema.parse(
          JSON.parse(await readFile(join(folder, "package.json"), "utf8")),
        );
        const file = join(folder, "README.md");
        const stage = "./stage" in manifest.exports;
        note(file, readmeFaults(await readFile(file, "utf8"), { name: manifest.name, stage }));
      }
      note(ARCHITECTURE, layersTableFaults(await readFile(ARCHITECTURE, "utf8"), LAYERS));
      return { passed, failures };
    },
  };
}
