import { readFile } from "node:fs/promises";
import { availableParallelism, cpus, loadavg, release, totalmem } from "node:os";
import { formatBytes } from "@moonlight-rl/core";

/** What the figures were taken on, in one line. */
export async function machineState(): Promise<string> {
  const model = cpus()[0]?.model.trim() ?? "unknown processor";
  return `${availableParallelism()} × ${model}, ${formatBytes(totalmem())} memory, Linux ${release()}, Node ${process.version}; ${await loadLine()}`;
}

/** Load average over one minute, and what a hypervisor has taken from us since boot. */
async function loadLine(): Promise<string> {
  const { steal, total } = await cpuTicks();
  const share = total === 0 ? "unknown" : `${((steal / total) * 100).toFixed(2)} %`;
  return `load ${(loadavg()[0] ?? 0).toFixed(2)}, stolen since boot ${share}`;
}

export interface CpuTicks {
  /** Ticks that the hypervisor gave to others. */
  readonly steal: number;
  readonly idle: number;
  readonly total: number;
}

/** Counters of all cores together since boot; zeros where there is no /proc. */
export async function cpuTicks(): Promise<CpuTicks> {
  const text = await readFile("/proc/stat", "utf8").catch(() => "");
  const ticks = /^cpu +(.*)$/m.exec(text)?.[1]?.split(" ").map(Number) ?? [];
  // user nice system idle iowait irq softirq steal; guest time is already within user.
  const counted = ticks.slice(0, 8);
  return {
    steal: ticks[7] ?? 0,
    idle: (ticks[3] ?? 0) + (ticks[4] ?? 0),
    total: counted.reduce((a, b) => a + b, 0),
  };
}

/** Runs `task` and says which shares of the machine's time were idle and stolen meanwhile. */
export async function watchMachine<T>(
  task: () => Promise<T>,
): Promise<{ result: T; load: string }> {
  const before = await cpuTicks();
  const result = await task();
  const after = await cpuTicks();
  const total = Math.max(1, after.total - before.total);
  const share = (field: "steal" | "idle"): string =>
    `${(((after[field] - before[field]) / total) * 100).toFixed(0)} %`;
  return {
    result,
    load: `idle ${share("idle")}, stolen ${share("steal")}, load ${(loadavg()[0] ?? 0).toFixed(1)}`,
  };
}
