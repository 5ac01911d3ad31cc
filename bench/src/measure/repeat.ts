import { median } from "./median.ts";

/** Median milliseconds of `count` runs, after `warmUp` runs that do not count. */
export async function medianMs(
  task: () => unknown,
  { count, warmUp }: { readonly count: number; readonly warmUp: number },
): Promise<number> {
  const times: number[] = [];
  for (let run = -warmUp; run < count; run++) {
    const start = performance.now();
    await task();
    if (run >= 0) times.push(performance.now() - start);
  }
  return median(times);
}
