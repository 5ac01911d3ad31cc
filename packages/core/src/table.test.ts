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

it("shows only titles without rows", () => {
  expect(formatTable([{ title: "a" }, { title: "b" }], [])).toBe("a  b");
});
