import { fileURLToPath } from "node:url";
import picocolors from "picocolors";
import { describe, expect, it } from "vitest";
import { captureIo } from "../../fixtures/captured-io.ts";
import { toldRun } from "../../fixtures/told-run.ts";
import { VirtualTerminal } from "../../fixtures/virtual-terminal.ts";
import { createEventView } from "./event-view.ts";
import { LiveView } from "./live-view.ts";

const golden = (name: string): string =>
  fileURLToPath(new URL(`../../golden/terminal/${name}.txt`, import.meta.url));

/** The screen some seconds after the start of the told run, and at its end. */
function watch(terminal: VirtualTerminal, seconds: readonly number[], color = true): string[] {
  let now = 0;
  const view = new LiveView(terminal, picocolors.createColors(color), () => now);
  const screens: string[] = [];
  const left = [...seconds];
  for (const { at, event } of toldRun()) {
    while ((left[0] ?? Infinity) < at) {
      left.shift();
      screens.push(terminal.text);
    }
    now = at * 1000;
    view.handle(event);
  }
  view.close();
  return [...screens, terminal.text];
}

describe("the live view", () => {
  it.each([80, 120])("looks as it should at %i columns", async (columns) => {
    const screens = watch(new VirtualTerminal(columns, 24), [3, 25, 41]);
    await expect(`${screens.join(`\n\n${"=".repeat(columns)}\n`)}\n`).toMatchFileSnapshot(
      golden(`live-${columns}`),
    );
  });

  it("draws the same without colour", () => {
    const colored = watch(new VirtualTerminal(80, 24), [25]);
    expect(watch(new VirtualTerminal(80, 24), [25], false)).toEqual(colored);
  });

  it("never draws more rows than the screen has, whatever its size", () => {
    for (const [columns, rows] of [
      [20, 4],
      [40, 6],
      [80, 8],
      [200, 50],
    ] as const) {
      const terminal = new VirtualTerminal(columns, rows);
      const kept = watch(terminal, []).at(-1);
      let highest = 0;
      let text = "";
      const stream = { isTTY: true, columns, rows, write: (part: string) => (text += part) };
      let now = 0;
      const view = new LiveView(stream, picocolors.createColors(true), () => now);
      for (const { at, event } of toldRun()) {
        now = at * 1000;
        view.handle(event);
      }
      view.close();
      // oxlint-disable-next-line no-control-regex -- how many lines each frame had
      for (const [, up] of text.matchAll(/\u001B\[(\d+)A/g))
        highest = Math.max(highest, Number(up));
      expect(highest).toBeGreaterThan(1);
      expect(highest).toBeLessThan(Math.max(rows, 4));
      expect(kept).toContain("✗ train failed");
    }
  });

  it("leaves nothing behind when the screen becomes narrower in the middle", () => {
    const terminal = new VirtualTerminal(100, 24);
    let now = 0;
    const view = new LiveView(terminal, picocolors.createColors(false), () => now);
    for (const { at, event } of toldRun()) {
      if (at > 20 && terminal.columns === 100) terminal.resize(50);
      now = at * 1000;
      view.handle(event);
    }
    view.close();
    expect(terminal.listeners).toBe(0);
    expect(terminal.text).not.toMatch(/━|running|── moonlight/);
    expect(terminal.text).toContain("warning TRAIN_ZERO_STD");
    view.close();
  });

  it("keeps a sane clock when the machine's is set back", () => {
    const terminal = new VirtualTerminal(80, 24);
    let now = 0;
    const view = new LiveView(terminal, picocolors.createColors(false), () => now);
    for (const { at, event } of toldRun().slice(0, -2)) {
      now = at * 1000;
      // From the middle on, an hour earlier.
      const time = new Date(Date.parse(event.time) - (at > 20 ? 3_600_000 : 0)).toISOString();
      view.handle({ ...event, time });
    }
    expect(terminal.text).toMatch(/moonlight · 20261123-182030-a1b2 · 4\d s/);
    expect(terminal.text).not.toMatch(/-\d+(\.\d)? s|-\d+(\.\d+)?\/s/);
    view.close();
  });
});

describe("the plain lines", () => {
  it.each([
    ["a pipe", {}, {}],
    ["a dumb terminal", { TERM: "dumb" }, { isTTY: true }],
    ["a CI log", { CI: "true", NO_COLOR: "1" }, { isTTY: true }],
  ])("of %s are the same, without codes", async (_, env, stream) => {
    const io = captureIo(env, stream);
    const view = createEventView(io);
    for (const { event } of toldRun()) view.handle(event);
    view.close();
    expect(io.err()).not.toContain("\u001B");
    await expect(io.err()).toMatchFileSnapshot(golden("lines"));
  });

  it("go on after the clock was set back", () => {
    const io = captureIo();
    const view = createEventView(io);
    for (const { at, event } of toldRun()) {
      const time = new Date(Date.parse(event.time) - (at > 20 ? 3_600_000 : 0)).toISOString();
      view.handle({ ...event, time });
    }
    expect(io.err()).toMatch(/17:20:5\d train: rollouts: 8 of 20/);
  });
});
