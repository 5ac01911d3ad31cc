import { randomBytes } from "node:crypto";
import { PreflightError } from "@moonlight-rl/core";
import { shellLine } from "../launch/shell-quote.ts";
import { isFinal } from "../ray/job.ts";
import type { RayJobs } from "../ray/jobs-client.ts";
import { pauseFor } from "../ray/pause.ts";
import type { NodeFacts, SilentNode } from "./node-facts.ts";
import { EVERYWHERE, PROBE_SCRIPT } from "./probe-script.ts";
import { readAnswer, type ProbeQuestions } from "./run-probe.ts";

const TIME_LIMIT_MS = 240_000;
const POLL_MS = 500;

/**
 * Looks at all nodes of a cluster of which only the job server can be reached: by a job of no resources, which is forgotten
 * again afterwards.
 *
 * @throws PreflightError PROBE_FAILED with the end of its log; UsageError PROBE_ANSWER
 */
export async function probeByJob(
  jobs: RayJobs,
  questions: ProbeQuestions,
  python: string,
  signal: AbortSignal,
): Promise<(NodeFacts | SilentNode)[]> {
  const id = `moonlight-probe-${randomBytes(6).toString("hex")}`;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(TIME_LIMIT_MS)]);
  const wanted = JSON.stringify(questions);
  await jobs.submit(
    {
      submission_id: id,
      entrypoint: shellLine([python, "-c", EVERYWHERE, PROBE_SCRIPT, wanted, "auto"]),
      runtime_env: { env_vars: { PYTHONPATH: questions.importFrom.join(":") } },
    },
    limit,
  );
  try {
    let job = await jobs.job(id, limit);
    while (!isFinal(job.status)) {
      await pauseFor(POLL_MS, limit);
      job = await jobs.job(id, limit);
    }
    const log = await jobs.log(id, limit);
    if (job.status === "SUCCEEDED") return readAnswer(log, python);
    throw new PreflightError(
      "PROBE_FAILED",
      `${python} could not look at the nodes of the cluster: ${log.trim().split("\n").at(-1)?.slice(0, 500) ?? ""}`,
      {
        field: "launch.python",
        hint: "Is it the interpreter of miles' environment on the nodes? --preflight off goes on without a look.",
      },
    );
  } finally {
    const last = AbortSignal.timeout(10_000);
    await jobs.stop(id, last).catch(() => undefined);
    await jobs.delete(id, last).catch(() => undefined);
  }
}
