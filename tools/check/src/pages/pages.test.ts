import { describe, expect, it } from "vitest";
import { layersTableFaults } from "./layers-table.ts";
import { brokenTables, missingPaths } from "./page-faults.ts";
import { readmeFaults } from "./readme-shape.ts";

const README = `# @scope/one

Does one thing.

\`\`\`ts
import { one } from "@scope/one";
# not a heading
\`\`\`

## Input

| field |  |
| ----- | --- |
| \`a\` | b |

## Output

Nothing.

## Errors

| code | when |
| ---- | ---- |
| \`X\` | y |
`;
const stage = { name: "@scope/one", stage: true };

describe("readmeFaults", () => {
  it("accepts the shape that all have", () => {
    expect(readmeFaults(README, stage)).toEqual([]);
    const short = README.replace(/## Input[\s\S]*?(?=## Errors)/, "");
    expect(readmeFaults(short, { name: "@scope/one", stage: false })).toEqual([]);
  });

  it.each([
    ["the name", README.replace("@scope/one\n", "@scope/two\n"), "first line"],
    ["the purpose", README.replace("Does one thing.", "does one thing."), "no sentence"],
    ["the example", README.replace(/```ts[\s\S]*?```\n/, ""), "no example"],
    [
      "a short example",
      README.replace("# not a heading", "x;\n".repeat(20)),
      "first example has 21 lines",
    ],
    ["an input", README.replace("## Input", "### Input"), '"## Input"'],
    ["errors", README.replace("## Errors", "### Errors"), '"## Errors"'],
    ["errors at its end", `${README}\n## More\n`, "not its last section"],
    ["a table of errors", README.replace(/\| code[\s\S]*/, "See elsewhere.\n"), "has no table"],
    [
      "the order",
      README.replace("## Input", "## X")
        .replace("## Output", "## Input")
        .replace("## X", "## Output"),
      "not in the order",
    ],
  ])("misses %s", (_, markdown, fault) => {
    expect(readmeFaults(markdown, stage)).toEqual([expect.stringContaining(fault)]);
  });
});

describe("layersTableFaults", () => {
  const page = `## Packages and their layers

| layer  | packages  | what |
| ------ | --------- | ---- |
| top    | \`c\`     | x    |
| middle | \`b\` \`d\` | x    |
| ground | \`a\`     | x    |

## Next
`;

  it("holds the table against the layers, the lowest first", () => {
    expect(layersTableFaults(page, [["a"], ["d", "b"], ["c"]])).toEqual([]);
    expect(layersTableFaults(page, [["a"], ["b"], ["c", "d"]])).toEqual([
      'the table has "b d" where "b" is enforced',
      'the table has "c" where "c d" is enforced',
    ]);
    expect(layersTableFaults("nothing", [["a"]])).toEqual([
      "the table has 0 layers, and 1 are enforced",
    ]);
  });
});

describe("pages", () => {
  it("name paths that are there", () => {
    const there = (path: string): boolean => path === "packages/core/src/event.ts";
    const page =
      "`packages/core/src/event.ts` `packages/core/src/event.ts:12` `packages/<name>`\n`docs/no.md`\n";
    expect(missingPaths(page, there)).toEqual(["line 2: there is no docs/no.md"]);
  });

  it("have tables with headers", () => {
    const table = "| a | b |\n| - | - |\n| 1 | 2 |\n";
    expect(brokenTables(`${table}\ntext\n\n${table}`)).toEqual([]);
    expect(brokenTables(`${table}\n| 3 | 4 |\n`)).toEqual(["line 5: a table without a header"]);
    expect(brokenTables("```\n| a |\n```\n")).toEqual([]);
  });
});
