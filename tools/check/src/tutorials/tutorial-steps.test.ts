import { describe, expect, it } from "vitest";
import { tutorialSteps } from "./tutorial-steps.ts";

const PAGE = `
Text with \`code\`.

\`\`\`sh
one
\`\`\`

\`\`\`
printed
\`\`\`

<!-- exit: 5 -->

\`\`\`sh
two
\`\`\`

<!-- varies: numbers -->

\`\`\`
12
\`\`\`

1. In a list:

   \`\`\`js title=a/b.mjs
   export const a = 1;
     indented;
   \`\`\`

<!-- stays: listening -->

\`\`\`sh
serve
\`\`\`

<!-- not run: needs a GPU -->

\`\`\`ini title=c
d
\`\`\`
`;

describe("tutorialSteps", () => {
  it("are commands with what they print, and files", () => {
    expect(tutorialSteps(PAGE)).toEqual([
      {
        kind: "commands",
        line: 5,
        text: "one\n",
        exitCode: 0,
        output: { line: 9, text: "printed\n", numbersVary: false },
      },
      {
        kind: "commands",
        line: 15,
        text: "two\n",
        exitCode: 5,
        output: { line: 21, text: "12\n", numbersVary: true },
      },
      { kind: "file", line: 27, path: "a/b.mjs", text: "export const a = 1;\n  indented;\n" },
      { kind: "server", line: 34, text: "serve\n", ready: "listening" },
      { kind: "left-out", line: 40, reason: "needs a GPU" },
    ]);
  });

  it.each([
    ["```ts\ncode\n```", "line 2"],
    ["```\nprinted by nobody\n```", "line 2"],
    ["<!-- not run -->\n```sh\none\n```", "why"],
    ["<!-- skip: true -->\n```sh\none\n```", "skip"],
  ])("refuse what would go unchecked: %j", (page, fault) => {
    expect(() => tutorialSteps(page)).toThrow(fault);
  });
});
