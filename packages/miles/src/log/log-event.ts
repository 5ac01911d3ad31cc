import type { FailureCategory } from "./message/classify-failure.ts";
import type { PythonValue } from "./message/python-value.ts";

/** Who wrote a line, as far as it says so. */
export interface LogSource {
  /** Ray's prefix: class of the actor or name of the task; `raylet`, `autoscaler …` for Ray itself. */
  readonly actor?: string;
  readonly pid?: number;
  /** Node of the process; Ray leaves it out for the driver's own node. */
  readonly ip?: string;
  /** Name in the framework's own header: `main`, `rollout_manager`, `actor_cell0_rank0`. */
  readonly process?: string;
}

/** Numbers of one report, under the framework's names; NaN and infinities as they are. */
export type Metrics = Readonly<Record<string, number>>;

interface Located {
  /** Offset of the first byte of the line (of a traceback: of its first line) in the stream. */
  readonly offset: number;
  readonly source: LogSource;
  /**
   * Local time of the writing node as it stands in the line, `2026-08-11 12:00:00.123`; no zone is known.
   * Always a property, if only `undefined`: events of one shape are what makes reading fast.
   */
  readonly time: string | undefined;
  /** How many times Ray says that the line was written across the cluster; 1 unless it folded repeats. */
  readonly repeated: number;
}

interface Report extends Located {
  readonly values: Metrics;
  /** What is not a number: text, None, nested values. */
  readonly rest: Readonly<Record<string, PythonValue>>;
  /** Why the report is torn or is no Python literal; `values` has what stands before that. */
  readonly damaged: string | undefined;
}

/** `rollout N: {…}`: what the trainer read from a rollout. */
export interface RolloutReport extends Report {
  readonly kind: "rollout";
  readonly rollout: number;
}

/** `step N: {…}` or `critic-step N: {…}`. The framework writes each twice; it is told once. */
export interface StepReport extends Report {
  readonly kind: "step";
  readonly role: string;
  /** Counted over the whole run: rollout × steps per rollout + step in the rollout. */
  readonly step: number;
}

/** `perf N: {…}`, which two processes write under one tag. */
export interface PerfReport extends Report {
  readonly kind: "perf";
  /** `rollout`: samples and generation, by the rollout manager; `trainer`: timers, by the first actor. */
  readonly side: "rollout" | "trainer";
  readonly rollout: number;
}

/** `eval N: {…}`. */
export interface EvalReport extends Report {
  readonly kind: "eval";
  readonly rollout: number;
}

/** `multi_turn N: {…}`, with `--log-multi-turn`. */
export interface MultiTurnReport extends Report {
  readonly kind: "multi-turn";
  readonly rollout: number;
}

export interface EvalSkipped extends Located {
  readonly kind: "eval-skipped";
  readonly rollout: number;
  readonly reason: string;
}

/** `Timer X start` and `Timer X end (elapsed: 1.2s)`, of the first training process. */
export interface TimerMark extends Located {
  readonly kind: "timer";
  readonly name: string;
  readonly edge: "start" | "end";
  readonly seconds: number | undefined;
}

/** A sample that the framework shows: first and last of a rollout, first of an evaluation. */
export interface SampleShown extends Located {
  readonly kind: "sample";
  readonly which: "first" | "last" | "eval";
  readonly text: string;
}

/** GPUs are being asked for; Ray waits for them without bound. */
export interface PlacementMark extends Located {
  readonly kind: "placement";
  /** Undefined on the lines that say where each bundle went. */
  readonly gpus?: number;
  readonly node?: string;
  readonly gpu?: string;
}

export type EngineAction =
  | "router-launching"
  | "router-launched"
  | "ports"
  | "launching"
  | "waiting"
  | "stopping"
  | "killed"
  | "recovered"
  | "unhealthy"
  | "terminated";

/** Generation engines and their router. */
export interface EngineMark extends Located {
  readonly kind: "engine";
  readonly action: EngineAction;
  readonly detail: string;
}

export type CheckpointAction =
  | "saving"
  | "scheduled"
  | "saved"
  | "deleted"
  | "delete-failed"
  | "loading"
  | "loaded"
  | "not-found"
  | "data-state-missing"
  | "data-state-loaded"
  | "exported"
  | "export-failed";

export interface CheckpointMark extends Located {
  readonly kind: "checkpoint";
  readonly action: CheckpointAction;
  readonly iteration?: number;
  readonly path?: string;
}

/** The rollout's samples on their way to the trainer. */
export interface BatchMark extends Located {
  readonly kind: "batch";
  readonly action: "collected" | "trimmed" | "scheduled" | "recycled";
  readonly samples: number;
  /** Before trimming. */
  readonly from?: number;
}

/** Surplus generation is being stopped: the rollout has what it needs. */
export interface AbortMark extends Located {
  readonly kind: "abort";
  readonly urls: readonly string[];
}

/** `[Rank 0] Memory-Usage LABEL: {…}` and `[CPU memory] LABEL: 812.34 GB`. */
export interface MemoryReport extends Located {
  readonly kind: "memory";
  readonly scope: "gpu" | "host";
  readonly label: string;
  readonly rank?: number;
  /** Gigabytes, under the framework's names (`free_GB`, `allocated_GB`, …; `used_GB` of the host). */
  readonly values: Metrics;
}

/** A request to an engine failed and is tried again (60 times, a second apart). */
export interface RetryMark extends Located {
  readonly kind: "retry";
  readonly attempt: number;
  readonly attempts: number;
  readonly url: string;
  readonly error: string;
}

/** `ft op=… k=v`: the framework's structured lines, fields as text. */
export interface StructuredMark extends Located {
  readonly kind: "structured";
  readonly fields: Readonly<Record<string, string>>;
}

/** A tqdm bar at one moment. */
export interface ProgressMark extends Located {
  readonly kind: "progress";
  /** The bar's title: `Rollout generation`, `Eval aime`, … */
  readonly task: string;
  readonly done: number;
  readonly total: number;
}

/** The framework says that it ends before its last rollout. */
export interface ExitMark extends Located {
  readonly kind: "exit";
  readonly text: string;
}

/** A traceback, or a line of Ray, CUDA, NCCL or the scheduler that says what went wrong. */
export interface FailureEvent extends Located {
  readonly kind: "failure";
  readonly category: FailureCategory;
  /** Python's exception type (`torch.OutOfMemoryError`), or undefined on single lines. */
  readonly exception?: string;
  readonly message: string;
  /** The traceback as it was written, without prefixes; the middle is cut out of long ones. */
  readonly lines: readonly string[];
  /** Lines that were cut out. */
  readonly omitted: number;
  /** The framework logged it and went on (its own header stood before the traceback). */
  readonly handled: boolean;
}

/** Every other line. */
export interface PlainLine extends Located {
  readonly kind: "plain";
  readonly text: string;
  /** Bytes of an overlong line that were not kept. */
  readonly cut: number;
}

/** One thing that a log of the framework says. */
export type LogEvent =
  | RolloutReport
  | StepReport
  | PerfReport
  | EvalReport
  | MultiTurnReport
  | EvalSkipped
  | TimerMark
  | SampleShown
  | PlacementMark
  | EngineMark
  | CheckpointMark
  | BatchMark
  | AbortMark
  | MemoryReport
  | RetryMark
  | StructuredMark
  | ProgressMark
  | ExitMark
  | FailureEvent
  | PlainLine;

export type LogEventKind = LogEvent["kind"];
