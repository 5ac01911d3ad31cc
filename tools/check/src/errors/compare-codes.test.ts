import { describe, expect, it } from "vitest";
import { pageFaults, readmeFaults } from "./compare-codes.ts";
import { readErrorPage } from "./error-page.ts";
import { readmeCodes } from "./readme-codes.ts";
import type { CodeUse } from "./scan-package.ts";

const PAGE = `# Errors

## DISK_FULL

_Exit 3 or warning, from \`core\`, \`hub\`._ There is no room:
all of it is taken.

Usual causes:

- big files
- small disks,
  too

What to do:

- Make room.
`;
const entries = readErrorPage("docs/errors/core.md", PAGE);
const use = (code: string, outcome: CodeUse["outcome"]): CodeUse => ({
  code,
  outcome,
  place: "f:1",
});
const uses = (core: CodeUse[], hub: CodeUse[] = [use("DISK_FULL", 3)]) =>
  new Map([
    ["core", core],
    ["hub", hub],
  ]);

describe("a page of errors", () => {
  it("is read whole", () => {
    expect(entries).toEqual([
      {
        code: "DISK_FULL",
        exits: [3],
        also: ["warning"],
        packages: ["core", "hub"],
        page: "docs/errors/core.md#disk_full",
        meaning: "There is no room: all of it is taken.",
        causes: ["big files", "small disks, too"],
        remedies: ["Make room."],
      },
    ]);
  });

  it.each([
    ["without an outcome", PAGE.replace("_Exit 3 or warning, from", "_From")],
    ["with an outcome that is none", PAGE.replace("Exit 3", "Exit three")],
    ["with a part that nobody reads", PAGE.replace("Usual causes:", "Causes:")],
    ["without anything to do", PAGE.slice(0, PAGE.indexOf("What to do"))],
  ])("%s is refused", (_, page) => {
    expect(() => readErrorPage("docs/errors/core.md", page)).toThrow("DISK_FULL");
  });
});

describe("pages against sources", () => {
  it("agree", () => {
    expect(pageFaults(uses([use("DISK_FULL", 3), use("DISK_FULL", "warning")]), entries)).toEqual(
      [],
    );
  });

  it.each([
    [
      "a code without a page",
      [use("DISK_FULL", "warning"), use("OTHER", 1)],
      "f:1: OTHER has no page",
    ],
    ["another exit code", [use("DISK_FULL", "warning"), use("DISK_FULL", 1)], "exit code 1"],
    ["a warning that nobody gives", [use("DISK_FULL", 3)], "no source warns"],
    ["a package that does not raise it", [], "core does not raise it"],
  ])("%s is told", (_, core, fault) => {
    expect(pageFaults(uses(core), entries).join()).toContain(fault);
  });

  it("a page whose code is gone is told", () => {
    expect(pageFaults(uses([], []), entries)).toEqual([
      expect.stringContaining("no source raises"),
    ]);
  });
});

describe("a README against pages and sources", () => {
  const known = new Map(entries.map((entry) => [entry.code, entry]));
  const faults = (text: string, list = [use("DISK_FULL", 3)]) =>
    readmeFaults("README.md", readmeCodes(text), list, known);
  const table = (row: string): string => `| code | class (exit code) |\n| --- | --- |\n${row}\n`;

  it.each([
    ["with the exit code", table("| `DISK_FULL` | `PreflightError` (3) |")],
    ["with the class alone", table("| `DISK_FULL` | `PreflightError` |")],
    ["by the beginning of its name", table("| `DISK_*` | 3 |")],
  ])("names it %s", (_, text) => {
    expect(faults(text)).toEqual([]);
  });

  it("names warnings in a paragraph", () => {
    expect(faults("Warnings: `DISK_FULL`,\nand no more.\n", [use("DISK_FULL", "warning")])).toEqual(
      [],
    );
  });

  it.each([
    ["leaves it out", table("| `DISK_F` | 3 |"), "DISK_FULL is in no table"],
    ["gives another exit code", table("| `DISK_FULL` | 2 |"), "has exit code 3"],
    ["names what nothing raises", table("| `DISK_FULL` `NO_SUCH` | 3 |"), "nothing raises NO_SUCH"],
    ["adds an exit code", table("| `DISK_FULL` | 3, 4 |"), "none of DISK_FULL has exit code 4"],
  ])("is told when it %s", (_, text, fault) => {
    expect(faults(text).join()).toContain(fault);
  });
});
