import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Gate } from "./gate.ts";
import { lineDifference } from "./line-difference.ts";
import { fileReport } from "./publishing/file-report.ts";
import { lockedLicenceFaults } from "./publishing/licences.ts";
import { packPackages } from "./publishing/pack-packages.ts";
import { packageFaults } from "./publishing/package-faults.ts";

const FILES = "tools/check/api/files.txt";

/**
 * Every package as it would be published: its files, size, manifest, imports and licences, `publint --strict`, and whether its types
 * are right for every resolver. `UPDATE_API=1` writes the list of files anew.
 */
export function packagesGate(): Gate {
  return {
    name: "packages",
    async run() {
      const folder = await mkdtemp(join(tmpdir(), "moonlight-pack-"));
      try {
        const packed = await packPackages(folder);
        const faults = await Promise.all(packed.map(packageFaults));
        const passed = faults.filter(({ length }) => length === 0).length;
        const failures = [
          ...faults.flat(),
          ...(await lockedLicenceFaults(packed.map((one) => one.folder))),
        ];
        const report = fileReport(packed);
        if (process.env["UPDATE_API"] === "1") await writeFile(FILES, report);
        const changed = lineDifference(await readFile(FILES, "utf8").catch(() => ""), report);
        if (changed !== undefined)
          failures.push(
            `other files would be published:\n${changed}\nIf it is meant: UPDATE_API=1 npm run check -- packages.`,
          );
        return { passed: passed + 2, failures };
      } finally {
        await rm(folder, { recursive: true });
      }
    },
  };
}
