import { describe, expect, it } from "vitest";
import { controlFaults, hasStyle, wrappedRows } from "./faults.ts";
import { Screen } from "./screen.ts";

async function screenOf(text: string): Promise<Screen> {
  const screen = new Screen(20, 5);
  await screen.write(Buffer.from(text.replaceAll("\n", "\r\n")));
  return screen;
}

describe("a screen of 20 columns", () => {
  it("finds the line that is too wide, once, and no other", async () => {
    const wide = "one line that does not fit at all, however one looks at it";
    const screen = await screenOf(`short\n${wide}\nexactly twenty wide!\nend`);
    expect(wrappedRows(screen.rows(), screen.columns)).toEqual([`wider than 20 columns: ${wide}`]);
  });

  it("lets a path be as long as it is", async () => {
    const rows = (await screenOf("see /a/very/long/path/to/something.txt")).rows();
    expect(wrappedRows(rows, 20)).toEqual([]);
  });

  it("keeps what scrolled by, and shows what is in sight", async () => {
    const screen = await screenOf("1\n2\n3\n4\n5\n6\n\u001B[1A\u001B[2Kseven");
    expect(screen.rows().map(({ text }) => text)).toEqual(["1", "2", "3", "4", "5", "seven"]);
    expect(screen.inSight()).toEqual(["3", "4", "5", "seven"]);
  });
});

it("tells colours from movements of the cursor", () => {
  expect(hasStyle("\u001B[31mred\u001B[39m")).toBe(true);
  expect(hasStyle("\u001B[3A\u001B[0J")).toBe(false);
  expect(controlFaults("plain\r\ntext\n")).toEqual([]);
  expect(controlFaults("a bar\ra bar")).toHaveLength(1);
  expect(controlFaults("\u001B[0J")).toHaveLength(1);
});
