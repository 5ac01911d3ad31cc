import { expect, it } from "vitest";
import { licenceFaults } from "./licences.ts";

it("names what users would get under a licence that asks something of them, or none", () => {
  const needing = (...names: string[]) => Object.fromEntries(names.map((name) => [name, "1"]));
  const packages = {
    "packages/own": { license: "Apache-2.0", dependencies: needing("good", "either", "other") },
    "packages/other": { dependencies: needing("copyleft"), optionalDependencies: needing("none") },
    "tools/tool": { dependencies: needing("of-a-tool") },
    "node_modules/other": { link: true, resolved: "packages/other" },
    "node_modules/good": { license: "MIT", dependencies: needing("none") },
    "node_modules/good/node_modules/none": {},
    "node_modules/none": { license: "ISC" },
    "node_modules/either": { license: "(MIT OR GPL-3.0)" },
    "node_modules/of-a-tool": { license: "GPL-3.0" },
    "node_modules/copyleft": { license: "GPL-3.0-or-later" },
  };
  expect(licenceFaults({ packages }, ["packages/own"])).toEqual([
    "copyleft: licence GPL-3.0-or-later",
    "none: licence unknown",
  ]);
});
