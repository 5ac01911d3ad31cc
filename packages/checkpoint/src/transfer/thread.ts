import { parentPort, workerData } from "node:worker_threads";
import { InterruptedError } from "@moonlight-rl/core";
import { runJob } from "./run-job.ts";
import {
  describeError,
  type ThreadCounters,
  type ThreadJob,
  type ThreadReply,
} from "./thread-message.ts";
import type { Watch } from "./write-planned-file.ts";

// A worker thread: gets one job at a time, answers with a digest or an error.
const { bytes, stop } = workerData as ThreadCounters;

const watch: Watch = {
  wrote: (count) => void Atomics.add(bytes, 0, BigInt(count)),
  pause: async () => {
    if (Atomics.load(stop, 0) !== 0) throw new InterruptedError();
    // Lets the syncs that run beside us come to an end.
    await new Promise((resolve) => setImmediate(resolve));
  },
};

parentPort?.on("message", (job: ThreadJob) => {
  const answer = (reply: ThreadReply): void => parentPort?.postMessage(reply);
  runJob(job, watch).then(
    (digest) => answer({ digest }),
    (error: unknown) => answer({ error: describeError(error) }),
  );
});
