import { expect, it } from "vitest";
import { licenceFaults } from "./licences.ts";

it("names what users would get under a licence that asks something of them, or none", () => {
  expect(
    licenceFaults({
      packages: {
        "": {},
        "packages/own": { license: "Apache-2.0" },
        "node_modules/own": { link: true },
        "node_modules/good": { license: "MIT" },
        "node_modules/either": { license: "(MIT OR GPL-3.0)" },
        "node_modules/tool": { license: "GPL-3.0", dev: true },
        "node_modules/copyleft": { license: "GPL-3.0-or-later" },
        "node_modules/good/node_modules/none": {},
      },
    }),
  ).toEqual(["copyleft: licence GPL-3.0-or-later", "none: licence unknown"]);
});
