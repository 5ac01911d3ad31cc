import { isMoonlightError } from "@moonlight-rl/core";
import { isFinal } from "../ray/job.ts";
import type { RayJobs } from "../ray/jobs-client.ts";
import { pauseFor } from "../ray/pause.ts";

const STOP_MS = 60_000;

/** Asks Ray to end a job and waits until it has ended, a minute at most; says whether it has. */
export async function stopJob(jobs: RayJobs, submission: string): Promise<boolean> {
  const signal = AbortSignal.timeout(STOP_MS);
  try {
    await jobs.stop(submission, signal);
    for (;;) {
      const { status } = await jobs.job(submission, signal);
      if (isFinal(status)) return true;
      await pauseFor(300, signal);
    }
  } catch (error) {
    if (isMoonlightError(error) && error.code === "RAY_JOB_NOT_FOUND") return true;
    return false;
  }
}
