import {
  isMoonlightError,
  MoonlightError,
  TemporaryError,
  throwIfAborted,
} from "@moonlight-rl/core";
import { z } from "zod";
import { jobSchema, type Job, type JobRequest } from "./job.ts";
import type { RayEndpoint } from "./ray-endpoint.ts";
import { pauseFor } from "./pause.ts";
import { RayHttp, type RayHttpOptions } from "./ray-http.ts";

const nodesSchema = z.object({
  data: z.object({
    summary: z.array(
      z.object({
        hostname: z.string().optional(),
        raylet: z.object({
          state: z.string().optional(),
          resourcesTotal: z.record(z.string(), z.unknown()).optional(),
        }),
      }),
    ),
  }),
});

/** A living node of the cluster. */
export interface RayNode {
  readonly host: string;
  /** As Ray counts them, free or not. */
  readonly gpus: number;
}

const versionSchema = z.object({ version: z.string(), ray_version: z.string() });
export type RayVersion = z.output<typeof versionSchema>;

/** Ray waits for its own agent this long before it answers. */
const SUBMIT_TIMEOUT_MS = 90_000;
const SUBMIT_PAUSE_MS = 500;
const LAST_SUBMIT_PAUSE_MS = 8_000;
const submittedSchema = z.object({ submission_id: z.string() });

/** Ray's Jobs REST. Every answer is checked; every call is bounded in time and may be made twice. */
export class RayJobs {
  readonly http: RayHttp;

  constructor(endpoint: RayEndpoint, options: RayHttpOptions = {}) {
    this.http = new RayHttp(endpoint, options);
  }

  version(signal?: AbortSignal): Promise<RayVersion> {
    return this.http.json("GET", "/api/version", versionSchema, { signal });
  }

  /** The nodes that live now. */
  async nodes(signal?: AbortSignal): Promise<RayNode[]> {
    const { data } = await this.http.json("GET", "/nodes?view=summary", nodesSchema, { signal });
    return data.summary
      .filter(({ raylet }) => raylet.state !== "DEAD")
      .map(({ hostname = "?", raylet }) => ({
        host: hostname,
        gpus: Number(raylet.resourcesTotal?.["GPU"] ?? 0),
      }));
  }

  /** Every job that the cluster remembers and that was submitted, oldest first. */
  async list(signal?: AbortSignal): Promise<Job[]> {
    const jobs = await this.http.json("GET", "/api/jobs/", z.array(jobSchema), { signal });
    return jobs
      .filter(({ submission_id: id }) => typeof id === "string")
      .sort((a, b) => (a.start_time ?? 0) - (b.start_time ?? 0));
  }

  job(id: string, signal?: AbortSignal, budgetMs?: number): Promise<Job> {
    return this.http.json("GET", jobPath(id), jobSchema, {
      signal,
      ...(budgetMs === undefined ? {} : { budgetMs }),
    });
  }

  /** The job, or undefined when the cluster does not know it. */
  async find(id: string, signal?: AbortSignal): Promise<Job | undefined> {
    try {
      return await this.job(id, signal);
    } catch (error) {
      if (isMoonlightError(error) && error.code === "RAY_JOB_NOT_FOUND") return undefined;
      throw error;
    }
  }

  /**
   * Submits once, however often it is called with the same `submission_id`: where that job exists it is handed back, and
   * `created` is false.
   *
   * @throws MoonlightError RAY_SUBMISSION_TAKEN when another command has the id
   */
  async submit(request: JobRequest, signal?: AbortSignal): Promise<{ job: Job; created: boolean }> {
    const existing = await this.find(request.submission_id, signal);
    if (existing !== undefined) return { job: sameJob(existing, request), created: false };
    for (let pause = SUBMIT_PAUSE_MS; ; pause *= 2) {
      try {
        await this.http.json("POST", "/api/jobs/", submittedSchema, {
          body: request,
          signal,
          timeoutMs: SUBMIT_TIMEOUT_MS,
          budgetMs: 0,
        });
        break;
      } catch (error) {
        throwIfAborted(signal);
        // An answer that was lost may have been a yes; and "exists already" is the answer to the same request before it.
        const job = await this.find(request.submission_id, signal);
        if (job !== undefined) return { job: sameJob(job, request), created: true };
        if (!(error instanceof TemporaryError) || pause > LAST_SUBMIT_PAUSE_MS) throw error;
      }
      await pauseFor(pause, signal);
    }
    return { job: await this.job(request.submission_id, signal), created: true };
  }

  /** The whole log as it is now; of small jobs only. */
  async log(id: string, signal?: AbortSignal): Promise<string> {
    const schema = z.object({ logs: z.string() });
    return (await this.http.json("GET", `${jobPath(id)}/logs`, schema, { signal })).logs;
  }

  /** Asks Ray to end the job: SIGTERM, then SIGKILL (3 s later, unless the cluster says otherwise). */
  async stop(id: string, signal?: AbortSignal): Promise<void> {
    await this.http.json("POST", `${jobPath(id)}/stop`, z.object({ stopped: z.boolean() }), {
      signal,
    });
  }

  /** Makes the cluster forget a job that has ended. */
  async delete(id: string, signal?: AbortSignal): Promise<void> {
    await this.http.json("DELETE", jobPath(id), z.object({ deleted: z.boolean() }), { signal });
  }

  close(): Promise<void> {
    return this.http.close();
  }
}

export function jobPath(id: string): string {
  return `/api/jobs/${encodeURIComponent(id)}`;
}

function sameJob(job: Job, request: JobRequest): Job {
  if (job.entrypoint === request.entrypoint) return job;
  throw new MoonlightError(
    "RAY_SUBMISSION_TAKEN",
    `The cluster has a job ${request.submission_id} that runs another command.`,
    {
      hint: "It was submitted by an earlier version or with other settings; stop and delete it first.",
    },
  );
}
