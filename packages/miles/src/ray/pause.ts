import { setTimeout as sleep } from "node:timers/promises";
import { throwIfAborted } from "@moonlight-rl/core";

/** Waits; @throws InterruptedError as soon as the signal fires. */
export async function pauseFor(
  milliseconds: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  throwIfAborted(signal);
  await sleep(milliseconds, undefined, signal === undefined ? {} : { signal }).catch(() =>
    throwIfAborted(signal),
  );
}
