import type { Emit } from "@moonlight-rl/core";
import { rayJobRequest } from "../launch/ray-job.ts";
import type { Cluster } from "./cluster.ts";
import type { JobPlan } from "./job-plan.ts";
import { submissionOf, type RunRecord } from "./run-record.ts";

/** Submits the job of a record, unless the cluster has it. */
export async function submitJob(
  cluster: Cluster,
  { launch }: JobPlan,
  record: RunRecord,
  signal: AbortSignal,
  emit: Emit,
): Promise<void> {
  const submission = submissionOf(record);
  const { runtime_env: environment, ...request } = rayJobRequest(launch);
  const { created } = await cluster.jobs.submit(
    {
      ...request,
      submission_id: submission,
      runtime_env: {
        env_vars: {
          // Every line of every process: repeats are the framework's to fold, not Ray's.
          RAY_DEDUP_LOGS: "0",
          PYTHONUNBUFFERED: "1",
          ...environment.env_vars,
          ...cluster.env,
        },
      },
    },
    signal,
  );
  emit({
    type: "log",
    message: `${created ? "submitted" : "found"} job ${submission} at ${cluster.url}`,
    data: { submission, url: cluster.url },
  });
}
