/**
 * Lines that say by themselves what went wrong, outside a traceback: Ray's daemons, the kernel, Slurm, PyTorch's NCCL
 * watchdog, the engine. Narrower than what a traceback is classified by, as ordinary lines are full of such words.
 */
const FAILURE_LINE =
  /killed due to (?:memory pressure|the node running low on memory)|[Oo]ut of memory: Killed process|oom[-_]kill event|CUDA out of memory|No space left on device|CANCELLED AT .{0,60}DUE TO|slurmstepd: error|Watchdog caught collective operation timeout|ncclSystemError|ncclUnhandledCudaError|ncclInternalError|ncclRemoteError|CUDA error: |Scheduler hit an exception|SIGQUIT received|marked dead because|missed too many heartbeats|worker died or was killed|[Aa]ctor died unexpectedly|The actor is dead because|Max retries \(\d+\) reached, failing|^Fatal Python error: |Received SIGTERM|entrypoint command failed with exit code|Unhandled error \(suppress|train\.py: error: |^Segmentation fault|Bus error/;

/** Parts of words of which each such line has one: looked for first, since that is what most lines fail. */
const HINT =
  /rror|illed|died|dead|SIG|atchdog|left on|fault|atal|failing|CANCELLED|oom|exception|heartbeats/;

/** The engine's report of one batch, of which it writes more than of all else together. */
export function isEngineBatch(message: string): boolean {
  const first = message.charCodeAt(0);
  return (
    (first === 0x44 && message.startsWith("Decode batch")) ||
    (first === 0x50 && message.startsWith("Prefill batch"))
  );
}

/** Whether a message outside a traceback says that something failed. */
export function isFailureLine(message: string): boolean {
  return !isEngineBatch(message) && HINT.test(message) && FAILURE_LINE.test(message);
}
