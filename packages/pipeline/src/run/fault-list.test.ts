import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

/** What must not go wrong around stages, in the order of the project's list of faults. */
const FAULTS = {
  O1: "kill -9 between any two writes",
  O2: "a corrupted record or run file",
  O3: "a cached artifact that was tampered with: a miss, and told",
  O4: "two runs in the same workspace",
  O5: "a stage package that meets older or newer artifacts",
  O6: "a stage that returns what its schema does not allow",
  O7: "a clock that jumps",
  O8: "a workspace that cannot be written",
  O9: "paths with blanks and other scripts",
  O10: "an interruption while waiting",
} as const;

const SRC = fileURLToPath(new URL("..", import.meta.url));

it.each(Object.entries(FAULTS))("%s, %s, has tests of its name", (id) => {
  const titles = readdirSync(SRC, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.ts") && !name.endsWith("fault-list.test.ts"))
    .flatMap((name) => readFileSync(`${SRC}${name}`, "utf8").match(/\(?"[^"\n]*"/g) ?? [])
    .flatMap((title) => title.match(/\bO\d+(?= )/g) ?? []);
  expect(titles).toContain(id);
});
