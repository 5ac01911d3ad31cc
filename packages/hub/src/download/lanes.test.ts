import { describe, expect, it } from "vitest";
import type { ByteRange } from "../protocol/byte-range.ts";
import { Lanes, type LaneTask } from "./lanes.ts";

/** A file of `count` ranges that end when told to. */
function file(count: number, log: string[] = [], name = "") {
  const running: { end: (error?: Error) => void }[] = [];
  let next = 0;
  const task: LaneTask = {
    next: () => (next < count ? { start: next, end: ++next } : undefined),
    exhausted: () => next === count,
    run: ({ start }: ByteRange) =>
      new Promise((resolve, reject) => {
        log.push(`${name}${start}`);
        running.push({
          end: (error) => {
            if (error === undefined) resolve();
            else reject(error);
          },
        });
      }),
  };
  return { task, running };
}

async function settle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 20));
}

describe("Lanes", () => {
  it("gives files their first range before any gets a second", async () => {
    const log: string[] = [];
    const lanes = new Lanes(4);
    const files = ["a", "b", "c"].map((name) => file(3, log, name));
    const all = files.map(({ task }) => lanes.work(task));
    expect(log).toEqual(["a0", "b0", "c0"]);
    for (let i = 0; i < 9; i++) {
      files.flatMap(({ running }) => running.splice(0, 1)).forEach(({ end }) => end());
      await settle();
    }
    await Promise.all(all);
    expect(log).toHaveLength(9);
  });

  it("ends a file at its first failure, after its other ranges", async () => {
    const lanes = new Lanes(2);
    const { task, running } = file(5);
    const work = lanes.work(task);
    await settle();
    running[0]?.end(new Error("broken"));
    running[1]?.end();
    await expect(work).rejects.toThrow("broken");
    expect(running).toHaveLength(2);
  });

  it("has nothing to wait for in an empty file", async () => {
    await new Lanes(1).work(file(0).task);
  });

  it("tries more, takes them back, and halves when a server refuses for load", async () => {
    let now = 0;
    const lanes = new Lanes(32, () => now);
    const { task } = file(100);
    void lanes.work(task);
    await settle();
    expect(lanes.limit).toBe(8);
    const second = (bytes: number): number => {
      lanes.received(1e9);
      now += 1001;
      lanes.received(bytes);
      return lanes.limit;
    };
    // The first second says nothing.
    expect(second(1)).toBe(8);
    // 12 are tried, kept and topped by 16; those bring nothing and are taken back for a while.
    expect(second(100)).toBe(12);
    expect(second(120)).toBe(16);
    expect(second(121)).toBe(12);
    expect(second(500)).toBe(12);
    lanes.congested();
    lanes.congested();
    expect(lanes.limit).toBe(6);
    expect(second(500)).toBe(6);
    now += 20_000;
    expect(second(500)).toBe(10);
  });

  it("takes back the most that there may be, too, and does not count the time before the first byte", async () => {
    let now = 0;
    const lanes = new Lanes(12, () => now);
    void lanes.work(file(100).task);
    await settle();
    const second = (bytes: number): number => {
      now += 60_000;
      lanes.received(1);
      now += 1000;
      lanes.received(bytes);
      return lanes.limit;
    };
    expect([second(100), second(100), second(107), second(100)]).toEqual([8, 12, 8, 12]);
    expect([second(109), second(300)]).toEqual([12, 12]);
  });
});
