import { isMoonlightError, type Emit } from "@moonlight-rl/core";
import type { CheckpointWatch } from "../checkpoints/checkpoint-watch.ts";
import { DashboardReader } from "../log/dashboard/dashboard-reader.ts";
import { watchPipelineEvents } from "../log/pipeline-events.ts";
import { WATCH_PHASES, type WatchPhase } from "../log/watch/watch-event.ts";
import type { PhaseLimit } from "../log/watch/watch-limits.ts";
import { Watch } from "../log/watch/watch.ts";
import { followJob } from "../ray/follow-job.ts";
import type { Job } from "../ray/job.ts";
import type { RayJobs } from "../ray/jobs-client.ts";
import { pauseFor } from "../ray/pause.ts";
import { JobLog, type JobLogOptions } from "./job-log.ts";
import type { RunRecord } from "./run-record.ts";
import type { MilesSettings } from "./settings.ts";
import { stopJob } from "./stop-job.ts";

export interface AttemptOptions extends Omit<JobLogOptions, "observe"> {
  readonly jobs: RayJobs;
  readonly submission: string;
  readonly checkpoints: CheckpointWatch;
  readonly settings: MilesSettings;
  readonly groupsPerRollout: number;
  readonly lostAfterMs: number;
  /** The cluster is one process tree of this machine: once silent it has ended. */
  readonly silenceIsEnd: boolean;
  /** Ray's own log file, when it is on this machine. */
  readonly rayLogFile: string | undefined;
  /** Where the framework's dashboard records go, when it keeps them. */
  readonly dashboardDir: string | undefined;
  readonly saveStand: (stand: RunRecord["log"]) => Promise<void>;
  readonly signal: AbortSignal;
}

/** What was seen of a job until its end. */
export interface Attempt {
  /** undefined: the cluster has lost it. */
  readonly job: Job | undefined;
  readonly log: Pick<JobLog, "failure" | "steps" | "file">;
  readonly hang: string | undefined;
}

/** Follows a submitted job to its end: log, phases and alarms, checkpoints, hangs. @throws InterruptedError, TemporaryError RAY_LOST */
export async function followAttempt(options: AttemptOptions): Promise<Attempt> {
  const { jobs, submission, settings, emit, signal, checkpoints } = options;
  const pollMs = (settings.pollSeconds ?? 2) * 1000;
  const ending = new AbortController();
  let hang: string | undefined;
  const watch = new Watch(
    (event) => {
      // What the framework logged and went on from is in its log.
      if (event.type === "failure" && event.failure.handled) return;
      for (const one of watchPipelineEvents(event)) emit(one);
      if (event.type !== "hang" || event.state !== "hung" || settings.onHang !== "restart") return;
      hang = event.message;
      ending.abort();
    },
    {
      groupsPerRollout: options.groupsPerRollout,
      rollouts: options.numRollout,
      ...(settings.hangMinutes === undefined ? {} : { phaseLimits: limits(settings.hangMinutes) }),
    },
  );
  const { log, cursor } = await JobLog.open({
    ...options,
    observe: (event) => watch.observe(event),
  });
  const gpus = gpuReadings(options.dashboardDir, watch);
  const over = new AbortController();
  const following = AbortSignal.any([signal, ending.signal]);
  const follower = followJob(jobs, submission, {
    onLog: (bytes) => log.push(bytes),
    onStatus: (status) =>
      emit({ type: "log", message: `job ${submission}: ${status.toLowerCase()}` }),
    onTrouble: (code, message) => emit({ type: "warning", code, message }),
    ...(cursor === undefined ? {} : { cursor }),
    ...(options.rayLogFile === undefined ? {} : { logFile: options.rayLogFile }),
    signal: following,
    pollMs,
    lostAfterMs: options.lostAfterMs,
  });
  const looking = lookEvery(pollMs, over.signal, emit, async () => {
    await gpus?.poll();
    watch.tick();
    await checkpoints.poll();
    await options.saveStand(log.stand());
  });
  try {
    const job = await ended(
      follower.ended,
      (code) =>
        hang !== undefined ||
        code === "RAY_JOB_NOT_FOUND" ||
        (code === "RAY_LOST" && options.silenceIsEnd),
    );
    if (hang !== undefined) await stopJob(jobs, submission);
    log.end();
    return { job, log, hang };
  } finally {
    over.abort();
    await looking;
    await checkpoints.poll(true);
    await options.saveStand(log.stand());
    log.close();
  }
}

/** The job at its end; undefined where the error says that there is none any more. */
async function ended(
  job: Promise<Job>,
  isEnd: (code: string) => boolean,
): Promise<Job | undefined> {
  try {
    return await job;
  } catch (error) {
    if (isMoonlightError(error) && isEnd(error.code)) return undefined;
    throw error;
  }
}

/** Feeds the watch with what GPUs do from now on. */
function gpuReadings(folder: string | undefined, watch: Watch): DashboardReader | undefined {
  if (folder === undefined) return undefined;
  const since = Date.now();
  return new DashboardReader(
    folder,
    ({ stream, record }) => {
      if (stream !== "gpu_util" || record.ts * 1000 < since) return;
      watch.observeGpu({ time: record.ts * 1000, util: record.util });
    },
    { streams: ["gpu_util"] },
  );
}

/** Looks again and again until the signal; a look that fails is told once, and does not end the job. */
async function lookEvery(
  milliseconds: number,
  signal: AbortSignal,
  emit: Emit,
  look: () => Promise<void>,
): Promise<void> {
  let told = "";
  while (!signal.aborted) {
    await pauseFor(milliseconds, signal).catch(() => undefined);
    try {
      await look();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (message !== told)
        emit({
          type: "warning",
          code: "TRAIN_WATCH_FAILED",
          message: `cannot look after the job: ${message}`,
        });
      told = message;
    }
  }
}

function limits(minutes: number): Record<WatchPhase, PhaseLimit> {
  const limit = { silent: minutes * 60, stuck: minutes * 60 };
  return Object.fromEntries(WATCH_PHASES.map((phase) => [phase, limit])) as Record<
    WatchPhase,
    PhaseLimit
  >;
}
