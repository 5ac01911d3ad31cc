import type { Finding } from "./alarm-rule.ts";
import { figure } from "./alarm-rule.ts";
import type { AlarmLimits } from "./watch-limits.ts";

/** One reading of one GPU. */
export interface GpuReading {
  /** Milliseconds of the watch's clock. */
  readonly time: number;
  /** Per cent. */
  readonly util: number;
}

const BUCKETS = 20;

interface Bucket {
  slot: number;
  sum: number;
  count: number;
}

/** Mean utilisation of all GPUs over the last minutes, in 20 sums: constant memory at any rate of readings. */
export class GpuIdle {
  readonly #buckets: Bucket[] = [];

  /** What the window that ends with this reading says; undefined until it is full. */
  add({ time, util }: GpuReading, limits: AlarmLimits): Finding | undefined {
    const width = (limits.gpuIdleSeconds * 1000) / BUCKETS;
    const slot = Math.floor(time / width);
    const last = this.#buckets.at(-1);
    if (last === undefined || slot > last.slot) this.#buckets.push({ slot, sum: util, count: 1 });
    else {
      last.sum += util;
      last.count++;
    }
    while ((this.#buckets[0]?.slot ?? slot) <= slot - BUCKETS) this.#buckets.shift();
    const first = this.#buckets[0];
    if (first === undefined || first.slot > slot - BUCKETS + 1) return undefined;
    let sum = 0;
    let count = 0;
    for (const bucket of this.#buckets) {
      sum += bucket.sum;
      count += bucket.count;
    }
    const value = sum / count;
    return {
      bad: value < limits.gpuUtilisation,
      severity: "warning",
      field: "gpu_util",
      value,
      limit: limits.gpuUtilisation,
      at: undefined,
      message: `GPUs were ${figure(value)} % busy on average over the last ${figure(limits.gpuIdleSeconds / 60)} minutes`,
    };
  }
}
