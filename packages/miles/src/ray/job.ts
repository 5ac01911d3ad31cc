import { z } from "zod";

/** States of a Ray job. The last three are final. */
export const JOB_STATUS = ["PENDING", "RUNNING", "STOPPED", "SUCCEEDED", "FAILED"] as const;
export type JobStatus = (typeof JOB_STATUS)[number];

/** A job as Ray's job server tells it (`GET /api/jobs/{id}`); fields that nobody here reads are left out. */
export const jobSchema = z.object({
  submission_id: z.string().nullish(),
  status: z.enum(JOB_STATUS),
  entrypoint: z.string(),
  message: z.string().nullish(),
  error_type: z.string().nullish(),
  /** Unix time in milliseconds. */
  start_time: z.number().nullish(),
  end_time: z.number().nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
  driver_exit_code: z.number().int().nullish(),
});
export type Job = z.output<typeof jobSchema>;

export function isFinal(status: JobStatus): boolean {
  return status === "STOPPED" || status === "SUCCEEDED" || status === "FAILED";
}

/** What is asked of Ray (`POST /api/jobs/`), in its own spelling. Ray keeps all of it and shows it to whoever asks. */
export interface JobRequest {
  /** A line of `/bin/sh`. */
  readonly entrypoint: string;
  readonly submission_id: string;
  readonly runtime_env?: {
    readonly env_vars?: Readonly<Record<string, string>>;
    readonly working_dir?: string;
  };
  readonly metadata?: Readonly<Record<string, string>>;
  readonly entrypoint_num_cpus?: number;
  readonly entrypoint_num_gpus?: number;
}
