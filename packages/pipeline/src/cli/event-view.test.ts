import picocolors from "picocolors";
import { describe, expect, it } from "vitest";
import { MoonlightError, type EventInput, type MoonlightEvent } from "@moonlight-rl/core";
import { captureIo } from "../../fixtures/captured-io.ts";
import { createEventView } from "./event-view.ts";
import { formatError } from "./format-error.ts";
import { LineView } from "./line-view.ts";
import { LiveView } from "./live-view.ts";

const START = Date.parse("2026-11-23T18:20:30.000Z");
const at = (seconds: number, event: EventInput, stage = "fetch"): MoonlightEvent => ({
  ...event,
  stage,
  time: new Date(START + seconds * 1000).toISOString(),
});
const progress = (seconds: number, done: number, task = "model"): MoonlightEvent =>
  at(seconds, { type: "progress", task, done, total: 10_000_000, unit: "bytes" });
const plain = picocolors.createColors(false);

describe("LineView", () => {
  it("writes a task's first and last line, and one every few seconds between", () => {
    const io = captureIo();
    const view = new LineView(io.stderr, plain);
    view.handle(at(0, { type: "stage.started", reason: "forced" }));
    for (let second = 0; second <= 10; second++) view.handle(progress(second, second * 1e6));
    view.handle(at(11, { type: "stage.finished", seconds: 11 }));
    expect(io.err()).toBe(
      [
        "18:20:30 ● fetch started (forced)",
        "18:20:30 fetch: model: 0 B of 10.0 MB (0 %)",
        "18:20:33 fetch: model: 3.00 MB of 10.0 MB (30 %), 1.00 MB/s, 7.0 s left",
        "18:20:36 fetch: model: 6.00 MB of 10.0 MB (60 %), 1.00 MB/s, 4.0 s left",
        "18:20:39 fetch: model: 9.00 MB of 10.0 MB (90 %), 1.00 MB/s, 1.0 s left",
        "18:20:40 fetch: model: 10.0 MB of 10.0 MB (100 %), 1.00 MB/s",
        "18:20:41 ✓ fetch finished in 11 s",
        "",
      ].join("\n"),
    );
  });

  it("shows every evaluation and some of the other metrics", () => {
    const io = captureIo();
    const view = new LineView(io.stderr, plain);
    for (let step = 0; step < 6; step++) {
      view.handle(at(step, { type: "metric", step, values: { "train/kl": 0.123456, n: "NaN" } }));
    }
    view.handle(at(6, { type: "metric", step: 6, values: { "eval/aime": 0.5 } }));
    view.handle(at(6, { type: "metric", step: 7, values: { "eval/aime": 0.6 } }));
    expect(io.err().match(/step \d.*/g)).toEqual([
      "step 0  train/kl 0.1235  n NaN",
      "step 3  train/kl 0.1235  n NaN",
      "step 6  eval/aime 0.5",
      "step 7  eval/aime 0.6",
    ]);
  });

  it("says warnings with their hints, failures and the run's end", () => {
    const io = captureIo();
    const view = new LineView(io.stderr, plain);
    view.handle(at(0, { type: "warning", code: "SLOW", message: "Slow.", hint: "Wait." }));
    view.handle(at(1, { type: "stage.failed", seconds: 2, error: { code: "X", message: "x" } }));
    view.handle(at(1, { type: "run.finished", status: "failed", seconds: 3 }));
    expect(io.err()).toContain("warning SLOW: Slow.\n  hint: Wait.\n");
    expect(io.err()).toContain("✗ fetch failed after 2.0 s: X\n");
    expect(io.err()).toContain("failed after 3.0 s\n");
  });
});

describe("LiveView", () => {
  it("redraws active tasks in place, within the screen's width", () => {
    const io = captureIo({}, { isTTY: true, columns: 40 });
    let now = 0;
    const view = new LiveView(io.stderr, picocolors.createColors(true), () => now);
    view.handle(at(0, { type: "stage.started" }));
    now = 200;
    view.handle(progress(1, 5e6));
    now = 400;
    view.handle(progress(2, 6e6, "tokenizer"));
    now = 600;
    view.handle(at(3, { type: "stage.finished", seconds: 3 }));
    view.close();
    const text = io.err();
    // The second frame has erased the first one (rule, stage, task) before it draws its own.
    expect(text).toContain("\u001B[3A\u001B[0J");
    expect(text).toContain("\u001B[4A\u001B[0J");
    expect(text.endsWith("fetch finished in 3.0 s\n")).toBe(true);
    // oxlint-disable-next-line no-control-regex -- what a terminal does not show
    for (const line of text.replaceAll(/\u001B\[[0-9;]*[A-Za-z]/g, "").split("\n")) {
      expect([...line].length).toBeLessThan(40);
    }
  });

  it("shows a limited number of tasks", () => {
    const io = captureIo({}, { isTTY: true, columns: 200 });
    let now = 0;
    const view = new LiveView(io.stderr, plain, () => (now += 1_000));
    for (let i = 0; i < 12; i++) view.handle(progress(0, i, `file-${i}`));
    view.close();
    expect(io.err()).toContain("… and 4 more");
  });
});

describe("createEventView", () => {
  it.each([
    ["a pipe", {}, {}, LineView],
    ["a terminal", {}, { isTTY: true }, LiveView],
    ["a CI log that pretends to be a terminal", { CI: "1" }, { isTTY: true }, LineView],
    ["a dumb terminal", { TERM: "dumb" }, { isTTY: true }, LineView],
  ])("fits %s", (_, env, stream, view) => {
    const made = createEventView(captureIo(env, stream));
    made.close();
    expect(made).toBeInstanceOf(view);
  });

  it("colours a terminal unless NO_COLOR is set, and a pipe only when told to", () => {
    const lineOf = (env: Record<string, string>, isTTY: boolean): string => {
      const io = captureIo(env, { isTTY });
      const view = createEventView(io);
      view.handle(at(0, { type: "stage.started" }));
      view.close();
      return io.err();
    };
    expect(lineOf({}, true)).toContain("\u001B[36m");
    expect(lineOf({ NO_COLOR: "1" }, true)).not.toContain("\u001B[36m");
    expect(lineOf({}, false)).not.toContain("\u001B");
    expect(lineOf({ FORCE_COLOR: "1" }, false)).toContain("\u001B[36m");
  });
});

it("formatError says code, message, place and hint", () => {
  const error = new MoonlightError("BAD", "It is bad.", {
    field: "lr",
    file: "a.json",
    byteOffset: 7,
    hint: "Mend it.",
  });
  expect(formatError(error)).toBe(
    "error BAD: It is bad.\n  field: lr\n  file: a.json (at byte 7)\n  hint: Mend it.",
  );
  expect(formatError(new MoonlightError("BAD", "It is bad."), { color: true })).toBe(
    "\u001B[31merror BAD\u001B[39m: It is bad.",
  );
});
