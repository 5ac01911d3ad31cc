import { appendFile, cp, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  DashboardReader,
  type DashboardFault,
  type DashboardReaderOptions,
} from "./dashboard-reader.ts";
import { DASHBOARD_STREAMS, type DashboardRecord } from "./dashboard-record.ts";

const GOLDEN = fileURLToPath(new URL("../../../golden/dashboard", import.meta.url));

let folder: string;
const records: DashboardRecord[] = [];
const faults: DashboardFault[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "dashboard-"));
  await cp(GOLDEN, folder, { recursive: true });
  records.length = 0;
  faults.length = 0;
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const reader = (options: DashboardReaderOptions = {}): DashboardReader =>
  new DashboardReader(folder, (record) => records.push(record), {
    onFault: (fault) => faults.push(fault),
    ...options,
  });

describe("DashboardReader", () => {
  it("reads every stream that the framework's own store wrote", async () => {
    const count = await reader({ streams: DASHBOARD_STREAMS }).poll();
    expect(count).toBe(records.length);
    expect(faults).toEqual([]);
    const counts: Record<string, number> = {};
    for (const { stream } of records) counts[stream] = (counts[stream] ?? 0) + 1;
    expect(counts).toEqual({
      metrics: 2,
      phases: 6,
      gpu_util: 6,
      gpu_processes: 2,
      engine_series: 2,
      topology: 1,
      trajectories: 2,
      data_buffer: 2,
    });
  });

  it("reads Python's bare NaN and infinities", async () => {
    await reader({ streams: ["metrics", "engine_series"] }).poll();
    expect(records[0]).toMatchObject({
      stream: "metrics",
      record: { step: 0, metrics: { "rollout/log_probs": NaN, "rollout/returns": -Infinity } },
    });
    expect(records.at(-1)).toMatchObject({ record: { value: Infinity } });
  });

  it("reads hours in their order, and an interval that is still open", async () => {
    await reader({ streams: ["phases"] }).poll();
    const phases = records.flatMap((record) => (record.stream === "phases" ? [record.record] : []));
    expect(phases.map(({ name, t1 }) => [name, t1 === -1])).toEqual([
      ["rollout", true],
      ["rollout", false],
      ["actor_train", false],
      ["rollout", true],
      ["rollout", false],
      ["actor_train", false],
    ]);
  });

  it("gives only what has come since, and waits for the end of a torn line", async () => {
    const one = reader({ streams: ["metrics"] });
    expect(await one.poll()).toBe(2);
    expect(await one.poll()).toBe(0);
    const file = join(folder, "metrics.jsonl");
    await appendFile(file, '{"ts":1.0,"step_key":"rollout/step","step":2,');
    expect(await one.poll()).toBe(0);
    await appendFile(file, '"metrics":{"a":1}}\n{"ts":2.0');
    expect(await one.poll()).toBe(1);
    expect(records.at(-1)).toMatchObject({ record: { step: 2, metrics: { a: 1 } } });
    const second = reader({ streams: ["metrics"], from: one.position() });
    await appendFile(file, ',"step_key":null,"step":null,"metrics":{}}\n');
    expect(await second.poll()).toBe(1);
    expect(faults).toEqual([]);
  });

  it("reads over a damaged line and says where it is", async () => {
    const file = join(folder, "metrics.jsonl");
    await writeFile(
      file,
      'garbage\n{"ts":"soon"}\n{"ts":1.0,"step_key":null,"step":3,"metrics":{}}\n',
    );
    expect(await reader({ streams: ["metrics"] }).poll()).toBe(1);
    expect(faults).toMatchObject([
      { file, byteOffset: 0, message: "not JSON" },
      { file, byteOffset: 8, message: expect.stringMatching(/^ts: /) },
    ]);
  });

  it("reads a file again that has become shorter", async () => {
    const one = reader({ streams: ["data_buffer"] });
    await one.poll();
    await truncate(join(folder, "data_buffer.jsonl"), 31);
    expect(await one.poll()).toBe(1);
    expect(faults).toMatchObject([{ message: expect.stringContaining("shorter") }]);
  });

  it("finds nothing where nothing was written yet", async () => {
    const none = new DashboardReader(join(folder, "nowhere"), () => {});
    expect(await none.poll()).toBe(0);
  });

  it("refuses what it cannot read", async () => {
    await writeFile(join(folder, "file"), "");
    const wrong = new DashboardReader(join(folder, "file"), () => {});
    await expect(wrong.poll()).rejects.toMatchObject({ code: "DASHBOARD_UNREADABLE", exitCode: 3 });
  });

  it("stops when it is told to", async () => {
    await expect(reader({ signal: AbortSignal.abort() }).poll()).rejects.toMatchObject({
      code: "INTERRUPTED",
    });
  });
});
