import { expect, it } from "vitest";
import { formatTable } from "./table.ts";

it("aligns columns by what is seen", () => {
  const table = formatTable(
    [{ title: "stage" }, { title: "s", align: "right" }, { title: "note" }],
    [
      ["fetch", "1.5", "\u001B[32mok\u001B[0m"],
      ["train 🌙", "120", ""],
    ],
  );
  expect(table).toBe(
    ["stage      s  note", "fetch    1.5  \u001B[32mok\u001B[0m", "train 🌙  120"].join("\n"),
  );
});

it("goes on below itself in the last column, where the screen ends", () => {
  const table = (width: number): string =>
    formatTable(
      [{ title: "stage" }, { title: "because" }],
      [
        ["train", "recipe comes from rollout-config"],
        ["eval", "nothing changed"],
      ],
      { width },
    );
  expect(table(24)).toBe(
    [
      "stage  because",
      "train  recipe comes from",
      "       rollout-config",
      "eval   nothing changed",
    ].join("\n"),
  );
  expect(table(40)).toContain("train  recipe comes from rollout-config\n");
  const path = "a/path/that/fits/on/no/screen";
  expect(
    formatTable([{ title: "of" }, { title: "file" }], [["x", `in ${path} too`]], { width: 20 }),
  ).toBe(["of  file", "x   in", `    ${path}`, "    too"].join("\n"));
  // A word that fits nowhere is not cut, and a screen that is far too narrow is not filled with single letters.
  expect(table(3)).toContain("train  recipe comes\n       from\n       rollout-config");
});

it("shows only titles without rows", () => {
  expect(formatTable([{ title: "a" }, { title: "b" }], [])).toBe("a  b");
});
