import { availableParallelism } from "node:os";
import { dirname } from "node:path";
import { requireSpace, throwIfAborted } from "@moonlight-rl/core";
import { contentBytes, fileBytes, isStored, type FilePlan } from "./file-plan.ts";
import type { FinishedFiles } from "./finished-files.ts";
import { runJob, type Job } from "./run-job.ts";
import type { ThreadJob } from "./thread-message.ts";
import { runInThreads } from "./thread-pool.ts";
import type { FileDigest, Watch } from "./write-planned-file.ts";

export interface TransferOptions {
  readonly signal?: AbortSignal | undefined;
  /** Bytes of tensors that were written and read back. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  /**
   * Threads that copy content that lies in files; default: the processors, at most 8. 0: none, all is done by the caller's,
   * as is the case for content that lies in memory and for small models.
   */
  readonly threads?: number | undefined;
}

const MAX_THREADS = 8;
/** Below this a thread takes longer to start than the work. */
const WORTH_THREADS = 64 << 20;

/**
 * Writes the planned files, several at a time, and reads each back. What an earlier run finished of an equal plan is kept.
 * Errors: `DISK_FULL` before the first byte or when space runs out, `DISK_UNWRITABLE`, `SOURCE_CHANGED`, `TENSOR_SIZE`,
 * `TENSOR_NOT_FINITE`, `READ_BACK`, `INTERRUPTED`, and what reading the sources gives.
 */
export async function transferFiles(
  plans: readonly FilePlan[],
  finished: FinishedFiles | undefined,
  options: TransferOptions,
): Promise<FileDigest[]> {
  const jobs = plans.map((plan) => ({
    plan,
    finished: isStored(plan) ? finished?.find(plan) : undefined,
  }));
  await requireRoom(jobs);
  const digests = new Map<FilePlan, FileDigest>();
  const done = async (plan: FilePlan, digest: FileDigest): Promise<void> => {
    digests.set(plan, digest);
    if (isStored(plan)) await finished?.add(plan, digest);
  };
  const threads = threadsFor(plans, options.threads);
  const ours = threads === 0 ? jobs : jobs.filter(({ plan }) => !isStored(plan));
  const watch = ownWatch(options);
  for (const job of ours) await done(job.plan, await runJob(job, watch));
  const theirs = jobs.filter((job): job is ThreadJob => threads > 0 && isStored(job.plan));
  await runInThreads(theirs, { ...options, threads, onDone: done });
  return plans.flatMap((plan) => digests.get(plan) ?? []);
}

async function requireRoom(jobs: readonly Job[]): Promise<void> {
  const first = jobs[0];
  if (first === undefined) return;
  const bytes = jobs.reduce(
    (sum, { plan, finished }) => sum + (finished === undefined ? fileBytes(plan) : 0),
    0,
  );
  await requireSpace(dirname(first.plan.path), bytes, "the checkpoint");
}

function threadsFor(plans: readonly FilePlan[], wanted: number | undefined): number {
  const stored = plans.filter(isStored);
  const bytes = stored.reduce((sum, plan) => sum + contentBytes(plan), 0);
  const some = bytes < WORTH_THREADS ? 0 : Math.min(availableParallelism(), MAX_THREADS);
  return Math.min(wanted ?? some, stored.length);
}

/** Work in the caller's thread: it must stay able to hear a signal. */
function ownWatch({ signal, onBytes }: TransferOptions): Watch {
  return {
    wrote: (bytes) => onBytes?.(bytes),
    pause: async () => {
      throwIfAborted(signal);
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}
