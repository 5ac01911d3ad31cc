/** What a failure is, as far as its text says: decides whether trying again can help. */
export type FailureCategory =
  | "oom-gpu"
  | "oom-host"
  | "disk-full"
  | "preempted"
  | "interrupted"
  | "nccl"
  | "cuda"
  | "engine-dead"
  | "node-died"
  | "actor-died"
  | "configuration"
  | "user-code";

interface Sign {
  readonly category: FailureCategory;
  readonly pattern: RegExp;
}

/**
 * Most telling first: a text that shows several (a dead actor because of lack of memory) is the cause, not its
 * consequence. Phrases are those of Ray, PyTorch, CUDA, NCCL, Slurm, the kernel and the framework.
 */
const SIGNS: readonly Sign[] = [
  {
    category: "oom-gpu",
    pattern:
      /torch(?:\.cuda)?\.OutOfMemoryError|CUDA out of memory|CUDA error: out of memory|cudaErrorMemoryAllocation|CUBLAS_STATUS_ALLOC_FAILED|Not enough memory\. Please try to increase --mem-fraction-static/,
  },
  {
    category: "oom-host",
    pattern:
      /killed due to (?:memory pressure|the node running low on memory)|ray\.exceptions\.OutOfMemoryError|[Oo]ut of memory: Killed process|oom[-_]kill|Cannot allocate memory|\bMemoryError\b|DefaultCPUAllocator: can't allocate memory|std::bad_alloc/,
  },
  {
    category: "disk-full",
    pattern:
      /No space left on device|\[Errno 28\]|Disk quota exceeded|\[Errno 122\]|OutOfDiskError|PytorchStreamWriter failed writing|inline_container\.cc:\d+\] \. unexpected pos|basic_ios::clear: iostream error/,
  },
  {
    category: "preempted",
    pattern:
      /DUE TO PREEMPTION|DUE TO TIME LIMIT|DUE TO NODE FAILURE|[Pp]reempt(?:ed|ion)\b|node .{0,80}is being drained|NODE_DRAIN|spot instance .{0,40}interrupt/,
  },
  {
    category: "nccl",
    pattern:
      /NCCL (?:WARN|error)|ncclSystemError|ncclUnhandledCudaError|ncclInternalError|ncclRemoteError|DistBackendError|DistStoreError|DistNetworkError|Watchdog caught collective operation timeout|ProcessGroupNCCL.*(?:timed? ?out|abort|exception)/i,
  },
  {
    category: "engine-dead",
    pattern:
      /Server process terminated unexpectedly|Health check failed for rollout engine|Max retries \(\d+\) reached, failing|SIGQUIT received|Scheduler hit an exception|Engine unreachable/,
  },
  {
    category: "cuda",
    pattern:
      /CUDA error: |cudaError[A-Z]|AcceleratorError|device-side assert|illegal memory access|CUBLAS_STATUS_|CUDNN_STATUS_|Xid \(/,
  },
  {
    category: "node-died",
    pattern:
      /NodeDiedError|node has died|marked dead because|missed too many heartbeats|LocalRayletDiedError/,
  },
  {
    category: "actor-died",
    pattern:
      /ActorDiedError|RayActorError|ActorUnavailableError|WorkerCrashedError|OwnerDiedError|[Aa]ctor died unexpectedly|worker died or was killed|The actor is dead because/,
  },
  {
    category: "interrupted",
    pattern:
      /^KeyboardInterrupt\b|\bKeyboardInterrupt$|Received SIGTERM|signal 15|SystemExit: (?:130|143)|asyncio\.exceptions\.CancelledError$/m,
  },
  {
    category: "configuration",
    pattern:
      /\berror: (?:unrecognized arguments|argument |the following arguments are required)|hf_validate_args failed|(?:arguments|transformer_config)\.py", line \d+, in (?:\w*validate\w*|parse_args|__post_init__)/,
  },
];

/** The category of a traceback or of a line that says what went wrong. */
export function classifyFailure(text: string): FailureCategory {
  return SIGNS.find(({ pattern }) => pattern.test(text))?.category ?? "user-code";
}

/** How telling a category is about the cause, 0 most; a consequence (a dead actor) ranks behind what can cause it. */
export function failureRank(category: FailureCategory): number {
  const rank = SIGNS.findIndex((sign) => sign.category === category);
  return rank === -1 ? SIGNS.length : rank;
}

/**
 * Which of a job's failures is the cause of the others: the most telling, of equals the first. What the process that
 * wrote it survived counts only where there is nothing else.
 */
export function causeOf<
  F extends { readonly category: FailureCategory; readonly handled: boolean },
>(failures: readonly F[]): F | undefined {
  const weight = ({ category, handled }: F): number =>
    failureRank(category) + (handled ? SIGNS.length + 1 : 0);
  return failures.reduce<F | undefined>(
    (cause, failure) => (cause === undefined || weight(failure) < weight(cause) ? failure : cause),
    undefined,
  );
}

/** What usually helps. */
export const FAILURE_ADVICE: Readonly<Record<FailureCategory, string>> = {
  "oom-gpu":
    "A GPU ran out of memory: lower the tokens per GPU of a training batch or the engine's share of memory (mem-fraction-static), or spread the model wider.",
  "oom-host":
    "The host ran out of memory: an optimizer on the CPU needs about 16 bytes a parameter, and saving needs more; free or add memory.",
  "disk-full": "The disk is full: remove old checkpoints, or keep fewer.",
  preempted: "The scheduler took the machines back: resume from the last checkpoint.",
  interrupted: "The job was asked to stop: resume from the last checkpoint.",
  nccl: "GPUs could not talk to each other, or one of them was stuck: look for an earlier failure of another rank, then at links and cables.",
  cuda: "A GPU kernel failed: look for an earlier failure; a GPU that fails again is faulty (nvidia-smi, Xid errors).",
  "engine-dead":
    "A generation engine died: its own failure stands earlier in the log, often lack of GPU memory.",
  "node-died": "A node left the cluster: resume when it is back, or without it.",
  "actor-died":
    "A process of the job died: why stands earlier in the log, or in the kernel's log of that node (lack of memory kills silently).",
  configuration: "The framework refuses its settings: compare them with what it names.",
  "user-code": "The exception says what is wrong; trying again will most likely not help.",
};
