import { isMoonlightError, TemporaryError, throwIfAborted } from "@moonlight-rl/core";
import { isFinal, type Job, type JobStatus } from "./job.ts";
import type { RayJobs } from "./jobs-client.ts";
import { LogPosition, type LogCursor } from "./log-position.ts";
import { readFileAsRay, readRest, readSocket } from "./log-sources.ts";
import { pauseFor } from "./pause.ts";

export interface FollowOptions {
  /** Each byte of the job's log once, in order; what it throws ends the following. */
  readonly onLog: (bytes: Uint8Array) => void;
  /** Called when the status is another than before, and once at the beginning. */
  readonly onStatus?: (status: JobStatus) => void;
  /** Called with what people should know: the log cannot be read, the cluster does not answer. */
  readonly onTrouble?: (code: string, message: string) => void;
  /** Where an earlier reading ended. */
  readonly cursor?: LogCursor;
  /** Ends the following, not the job. */
  readonly signal: AbortSignal;
  /** Between two looks at the status. Default 2 s. */
  readonly pollMs?: number;
  /** How long the cluster may be silent before it is given up. Default 2 min. */
  readonly lostAfterMs?: number;
  /** The log file, when it is on this machine: read where Ray cannot. */
  readonly logFile?: string;
}

const IDLE_MS = 60_000;
/** Reconnections that bring nothing new before the socket is given up for `/logs`. */
const BARREN_SOCKETS = 3;
const GRACE_MS = 5_000;

/** A job that is being followed. */
export interface JobFollower {
  /** How far the log was read. */
  readonly cursor: LogCursor;
  /** Ends when the job has ended and its log was read to the end. */
  readonly ended: Promise<Job>;
}

/**
 * Follows a job to its end: status by polling, log by the web socket, by `/logs` where sockets do not get through or stop short
 * (Ray cannot send a line over 4 MiB that way), by the file where Ray cannot read it at all (bytes that are not UTF-8).
 *
 * `ended` rejects with TemporaryError RAY_LOST (the cluster is silent), RAY_JOB_NOT_FOUND (it has forgotten the job: its
 * head was started anew) or InterruptedError.
 */
export function followJob(jobs: RayJobs, id: string, options: FollowOptions): JobFollower {
  const trouble = options.onTrouble ?? ((): void => undefined);
  const broken = new AbortController();
  const signal = AbortSignal.any([options.signal, broken.signal]);
  const position = new LogPosition(
    (bytes) => {
      // Thrown into a socket's event, it would end the process.
      try {
        if (!broken.signal.aborted) options.onLog(bytes);
      } catch (error) {
        broken.abort(error);
      }
    },
    () =>
      trouble(
        "RAY_LOG_CHANGED",
        "The job's log is not what was read before; lines may be missing or doubled.",
      ),
    options.cursor,
  );
  const followed = follow(jobs, id, position, trouble, { ...options, signal });
  const ended = followed.finally(() => {
    if (broken.signal.aborted) throw broken.signal.reason;
  });
  return {
    get cursor() {
      return position.cursor;
    },
    ended,
  };
}

async function follow(
  jobs: RayJobs,
  id: string,
  position: LogPosition,
  trouble: (code: string, message: string) => void,
  options: FollowOptions,
): Promise<Job> {
  const reading = new AbortController();
  /** The job has ended: what is being read may end by itself, and nothing is read anew. */
  const over = new AbortController();
  const signal = AbortSignal.any([options.signal, reading.signal]);
  const log = readLog(jobs, id, position, trouble, { ...options, signal, over: over.signal });
  try {
    const job = await pollStatus(jobs, id, trouble, options);
    over.abort();
    await Promise.race([log, pauseFor(GRACE_MS, signal)]);
    reading.abort();
    await log;
    await readToEnd(jobs, id, position, trouble, options);
    return job;
  } finally {
    reading.abort();
    await log;
  }
}

async function pollStatus(
  jobs: RayJobs,
  id: string,
  trouble: (code: string, message: string) => void,
  { signal, onStatus, pollMs = 2_000, lostAfterMs = 120_000 }: FollowOptions,
): Promise<Job> {
  let told: JobStatus | undefined;
  let heard = performance.now();
  let silent = false;
  for (;;) {
    try {
      const job = await jobs.job(id, signal, 0);
      heard = performance.now();
      if (silent) trouble("RAY_BACK", "The cluster answers again.");
      silent = false;
      if (job.status !== told) onStatus?.(job.status);
      told = job.status;
      if (isFinal(job.status)) return job;
    } catch (error) {
      throwIfAborted(signal);
      if (!(error instanceof TemporaryError)) throw error;
      const quiet = performance.now() - heard;
      if (quiet > lostAfterMs)
        throw new TemporaryError(
          "RAY_LOST",
          `The cluster has not answered for ${Math.round(quiet / 1000)} s: ${error.message}`,
          {
            cause: error,
            hint: "Once it answers, the same command finds the job again, or goes on from the last checkpoint.",
          },
        );
      if (!silent) trouble("RAY_SILENT", `${error.message} (waiting)`);
      silent = true;
    }
    await pauseFor(pollMs, signal);
  }
}

/** Reads until the signal ends it or the socket says that all is told; never throws. */
async function readLog(
  jobs: RayJobs,
  id: string,
  position: LogPosition,
  trouble: (code: string, message: string) => void,
  { logFile, signal, over }: FollowOptions & { readonly over: AbortSignal },
): Promise<void> {
  const { http } = jobs;
  const stopped = AbortSignal.any([signal, over]);
  let barren = 0;
  let unreadable = false;
  for (let pause = 250; !stopped.aborted; pause = Math.min(pause * 2, 30_000)) {
    const before = position.cursor.offset;
    if (barren < BARREN_SOCKETS) {
      // A reading costs the whole log, so a long one is repeated less often.
      const idleMs = Math.max(IDLE_MS, before / 1000);
      await readSocket(http, id, position.read(), { signal, idleMs });
    } else {
      try {
        await readRest(http, id, position.read(), signal);
      } catch (error) {
        if (signal.aborted) return;
        if (logFile !== undefined)
          await readFileAsRay(logFile, position.read(), signal).catch(() => undefined);
        else if (!unreadable && isMoonlightError(error)) {
          unreadable = true;
          trouble("RAY_LOG_UNREADABLE", `The job's log cannot be read: ${error.message}`);
        }
      }
    }
    if (position.cursor.offset > before) {
      barren = 0;
      pause = 250;
    } else barren += 1;
    await pauseFor(Math.max(pause, before / 20_000), stopped).catch(() => undefined);
  }
}

/** The socket may have ended early: what it has not told is in `/logs`. */
async function readToEnd(
  jobs: RayJobs,
  id: string,
  position: LogPosition,
  trouble: (code: string, message: string) => void,
  { signal, logFile }: FollowOptions,
): Promise<void> {
  try {
    await readRest(jobs.http, id, position.read(), signal);
  } catch (error) {
    throwIfAborted(signal);
    if (logFile !== undefined)
      await readFileAsRay(logFile, position.read(), signal).catch(() => undefined);
    else
      trouble(
        "RAY_LOG_UNREADABLE",
        `The end of the job's log cannot be read: ${isMoonlightError(error) ? error.message : String(error)}`,
      );
  }
}
