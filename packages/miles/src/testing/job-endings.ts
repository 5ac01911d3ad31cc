import { cp, readFile, truncate } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { iterationFolder } from "@moonlight-rl/checkpoint";
import type { FakeJob } from "./jobs-server.ts";

/** How a job of the stand-in ends after its first save, where it does not go on. */
export type JobEnding =
  /** Runs out of GPU memory. */
  | "oom"
  /** Runs out of host memory. */
  | "oom-host"
  /** A worker is killed from outside. */
  | "worker-killed"
  /** Is killed itself. */
  | "killed"
  /** Is taken off its node. */
  | "preempted"
  /** An engine dies, and the job ends with success. */
  | "engine-dead"
  /** The disk is full in the middle of the next save. */
  | "disk-full";

/** What the reference's own functions wrote on a real Ray as it happened. */
const RECORDED: Partial<Record<JobEnding, string>> = {
  "oom-host": "fault-host-memory.txt",
  "worker-killed": "fault-killed.txt",
  "engine-dead": "fault-engine-dead.txt",
  "disk-full": "fault-disk-full.txt",
};

/** Ends a job that has saved an iteration in a folder. */
export async function endJob(
  job: FakeJob,
  ending: JobEnding,
  { save, iteration, interval }: { save: string; iteration: number; interval: number },
): Promise<void> {
  const log = RECORDED[ending];
  if (log !== undefined)
    job.write(
      await readFile(fileURLToPath(new URL(`../../golden/logs/${log}`, import.meta.url)), "utf8"),
    );
  switch (ending) {
    case "oom":
      failJob(
        job,
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 79.11 GiB",
      );
      return;
    case "killed":
      job.end("FAILED", -9, "Job entrypoint command failed with exit code -9");
      return;
    case "preempted":
      job.write("slurmstepd: error: *** JOB 1 ON n1 CANCELLED DUE TO PREEMPTION ***\n");
      job.end("FAILED", -15, "Job entrypoint command failed with exit code -15");
      return;
    case "engine-dead":
      job.end("SUCCEEDED", 0);
      return;
    case "disk-full":
      await halfSave(save, iteration, iteration + interval);
      job.end("FAILED", 1, "Job entrypoint command failed with exit code 1");
      return;
    default:
      job.end("FAILED", 1, "Job entrypoint command failed with exit code 1");
  }
}

/** Ends a job with a traceback. */
export function failJob(job: FakeJob, error: string): void {
  job.write(
    `Traceback (most recent call last):\n  File "/root/miles/train.py", line 10, in <module>\n    train(args)\n${error}\n`,
  );
  job.end(
    "FAILED",
    1,
    `Job entrypoint command failed with exit code 1, last available logs (truncated to 20,000 chars):\n${error}\n`,
  );
}

/** What a save leaves that found the disk full: files that break off, and a tracker that still names the one before. */
async function halfSave(save: string, good: number, half: number): Promise<void> {
  const folder = join(save, iterationFolder(half));
  await cp(join(save, iterationFolder(good)), folder, { recursive: true });
  await truncate(join(folder, "__0_0.distcp"), 100);
  await truncate(join(folder, ".metadata"), 0);
}
