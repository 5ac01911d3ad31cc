import type { Emit } from "@moonlight-rl/core";

const INTERVAL_MS = 250;

/** Counts bytes and tells about it a few times a second. */
export function byteProgress(task: string, total: number, emit: Emit): (bytes: number) => void {
  let done = 0;
  let told = Number.NEGATIVE_INFINITY;
  return (bytes) => {
    done += bytes;
    const now = performance.now();
    if (done < total && now - told < INTERVAL_MS) return;
    told = now;
    emit({ type: "progress", task, done, total, unit: "bytes" });
  };
}
