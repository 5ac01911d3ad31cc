import type { FailureEvent } from "../log-event.ts";

/** What the job is doing, by the lines that say so. */
export type WatchPhase =
  | "starting"
  | "engines"
  | "first-rollout"
  | "rollout"
  | "training"
  | "saving"
  | "weight-update"
  | "evaluation"
  | "ending";

export const WATCH_PHASES: readonly WatchPhase[] = [
  "starting",
  "engines",
  "first-rollout",
  "rollout",
  "training",
  "saving",
  "weight-update",
  "evaluation",
  "ending",
];

export type AlarmId =
  | "reward-all-zero"
  | "reward-zero-std"
  | "truncated"
  | "not-finite"
  | "kl"
  | "logprob-difference"
  | "gradient-clipped"
  | "gradient-zero"
  | "response-length"
  | "oversampling"
  | "gpu-idle"
  | "engine-unhealthy"
  | "checkpoint-data-state";

/** A figure that says that training goes wrong, though it goes on. */
export interface Alarm {
  readonly type: "alarm";
  readonly id: AlarmId;
  /** `raised` once when it begins, `cleared` once when it is over. */
  readonly state: "raised" | "cleared";
  readonly severity: "warning" | "critical";
  /** The framework's name of the figure. */
  readonly field: string;
  readonly value: number;
  /** What the value was held against. */
  readonly limit: number;
  /** Which rollout; for `train/*` fields which step. */
  readonly at: number | undefined;
  readonly message: string;
  /** What to look at. */
  readonly look: string;
}

/** The job has moved on. */
export interface PhaseChange {
  readonly type: "phase";
  readonly phase: WatchPhase;
  readonly from: WatchPhase;
  /** Milliseconds of the watch's clock. */
  readonly now: number;
  /** Seconds spent in `from`. */
  readonly seconds: number;
}

/** Nothing, or nothing that counts, has come for longer than the phase may be still. */
export interface Hang {
  readonly type: "hang";
  /** `over` when it went on after all. */
  readonly state: "hung" | "over";
  readonly phase: WatchPhase;
  /** `silent`: no line at all; `stuck`: lines come, but none that says that the phase proceeds. */
  readonly manner: "silent" | "stuck";
  /** Seconds without. */
  readonly seconds: number;
  readonly limit: number;
  /** The last line that was progress. */
  readonly last: string | undefined;
  readonly message: string;
  readonly look: string;
}

export interface WatchedFailure {
  readonly type: "failure";
  readonly failure: FailureEvent;
  readonly advice: string;
}

export type WatchEvent = Alarm | PhaseChange | Hang | WatchedFailure;

/** Where the job stands; plain data. */
export interface WatchState {
  readonly phase: WatchPhase;
  /** Milliseconds of the clock: when the phase began, the last line came, the last progress was made. */
  readonly phaseSince: number;
  readonly lastLine: number;
  readonly lastProgress: number;
  /** The last rollout that was reported, the last optimizer step, the last checkpoint that was saved. */
  readonly rollout: number | undefined;
  readonly step: number | undefined;
  readonly savedIteration: number | undefined;
  /** Counted over what this watch has seen. */
  readonly rollouts: number;
  readonly steps: number;
  readonly evaluations: number;
  readonly weightUpdates: number;
  /** Bar of the phase at work. */
  readonly progress:
    | { readonly task: string; readonly done: number; readonly total: number }
    | undefined;
  readonly alarms: readonly Alarm[];
  readonly hang: Hang | undefined;
}
