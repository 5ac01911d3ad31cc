import { InterruptedError, type Emit } from "@moonlight-rl/core";
import type { Cluster } from "./cluster.ts";
import { interruptChoice } from "./on-interrupt.ts";
import type { MilesSettings } from "./settings.ts";
import { stopJob } from "./stop-job.ts";

export interface Interrupted {
  readonly error: InterruptedError;
  /** The job has ended, at our word. */
  readonly stopped: boolean;
}

/** What a Ctrl-C does to a job that runs: leaves it, or stops it and waits until it has ended. */
export async function leaveOrStop(
  cluster: Cluster,
  submission: string,
  { onInterrupt }: MilesSettings,
  next: string,
  emit: Emit,
): Promise<Interrupted> {
  if ((await interruptChoice(onInterrupt)) === "detach") {
    cluster.leave();
    const error = new InterruptedError(`Detached: job ${submission} runs on.`, {
      hint: `The same command follows it again. Its cluster: ${cluster.url}`,
    });
    return { error, stopped: false };
  }
  emit({ type: "log", message: `stopping job ${submission}` });
  const stopped = await stopJob(cluster.jobs, submission);
  const message = stopped
    ? `Stopped job ${submission}.`
    : `Job ${submission} was asked to stop and has not ended yet.`;
  return { error: new InterruptedError(message, { hint: next }), stopped };
}
