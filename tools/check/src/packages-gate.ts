import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Gate } from "./gate.ts";
import { packPackages } from "./publishing/pack-packages.ts";
import { packageFaults } from "./publishing/package-faults.ts";

/** Every package as it would be published: its files, its size, `publint --strict`, and whether its types are right for every resolver. */
export function packagesGate(): Gate {
  return {
    name: "packages",
    async run() {
      const folder = await mkdtemp(join(tmpdir(), "moonlight-pack-"));
      try {
        const packed = await packPackages(folder);
        const faults = await Promise.all(packed.map(packageFaults));
        return {
          passed: faults.filter(({ length }) => length === 0).length,
          failures: faults.flat(),
        };
      } finally {
        await rm(folder, { recursive: true });
      }
    },
  };
}
