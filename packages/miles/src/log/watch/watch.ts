import type { LogEvent } from "../log-event.ts";
import { FAILURE_ADVICE } from "../message/classify-failure.ts";
import { AlarmBook } from "./alarm-book.ts";
import { describeEvent } from "./describe-event.ts";
import { GpuIdle, type GpuReading } from "./gpu-idle.ts";
import { phaseOf } from "./phase-of.ts";
import type { Hang, WatchEvent, WatchPhase, WatchState } from "./watch-event.ts";
import {
  DEFAULT_ALARM_LIMITS,
  DEFAULT_PHASE_LIMITS,
  type AlarmLimits,
  type PhaseLimit,
} from "./watch-limits.ts";
import { findHang } from "./watchdog.ts";

export interface WatchOptions {
  /** Milliseconds; the wall clock by default, the log's own stamps when a finished log is read. */
  readonly now?: () => number;
  readonly phaseLimits?: Partial<Record<WatchPhase, Partial<PhaseLimit>>>;
  readonly alarmLimits?: Partial<AlarmLimits>;
  /** `--rollout-batch-size`: with it, filtered and uniform groups are shares. */
  readonly groupsPerRollout?: number;
  /** `--num-rollout`: after the last one the job is ending. */
  readonly rollouts?: number;
}

/** The engine's own reports of its work: it generates, whatever becomes of it. */
const ENGINE_QUIET_MS = 120_000;
const ENGINE_WORKS = /^(?:Decode|Prefill) batch/;

/** Follows a job by the events of its log: phases, hangs, alarms, failures. Starts nothing; `tick` it now and then. */
export class Watch {
  readonly #onEvent: (event: WatchEvent) => void;
  readonly #now: () => number;
  readonly #limits: Readonly<Record<WatchPhase, PhaseLimit>>;
  readonly #alarmLimits: AlarmLimits;
  readonly #options: WatchOptions;
  readonly #alarms: AlarmBook;
  readonly #gpus = new GpuIdle();
  #phase: WatchPhase = "starting";
  #phaseSince: number;
  #lastLine: number;
  #lastProgress: number;
  #line: LogEvent | undefined;
  #progressed: LogEvent | undefined;
  #hang: Hang | undefined;
  /** Stamp of the last line that said what the job does. */
  #signTime: string | undefined;
  #bar: { readonly task: string; readonly done: number; readonly total: number } | undefined;
  /** When the bar last grew, and when the engines last said that they generate. */
  #barGrew: number;
  #engineWorked = -Infinity;
  #rollout: number | undefined;
  #step: number | undefined;
  #saved: number | undefined;
  readonly #counts = { rollouts: 0, steps: 0, evaluations: 0, weightUpdates: 0 };

  constructor(onEvent: (event: WatchEvent) => void, options: WatchOptions = {}) {
    this.#onEvent = onEvent;
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#limits = phaseLimits(options.phaseLimits);
    this.#alarmLimits = { ...DEFAULT_ALARM_LIMITS, ...options.alarmLimits };
    this.#alarms = new AlarmBook(
      { limits: this.#alarmLimits, groupsPerRollout: options.groupsPerRollout },
      (alarm) => onEvent(alarm),
    );
    const now = this.#now();
    this.#phaseSince = now;
    this.#lastLine = now;
    this.#lastProgress = now;
    this.#barGrew = now;
  }

  /** An event of the log, in its order. */
  observe(event: LogEvent): void {
    const now = this.#now();
    this.#lastLine = now;
    this.#line = event;
    if (event.kind === "plain") {
      if (ENGINE_WORKS.test(event.text)) this.#engineWorked = now;
      this.#recover(now);
      return;
    }
    const { phase, progress } = phaseOf(event, this.#phase);
    if (phase !== undefined && this.#inOrder(event)) this.#enter(this.#named(phase), now);
    if (progress && this.#isNew(event, now)) {
      this.#lastProgress = now;
      this.#progressed = event;
    }
    this.#record(event);
    this.#recover(now);
    if (event.kind === "failure")
      this.#onEvent({ type: "failure", failure: event, advice: FAILURE_ADVICE[event.category] });
    else this.#alarms.observe(event);
  }

  /** One reading of one GPU, from the framework's dashboard records. */
  observeGpu(reading: GpuReading): void {
    // Before and after training GPUs may rest.
    if (this.#phase === "starting" || this.#phase === "ending") return;
    const finding = this.#gpus.add(reading, this.#alarmLimits);
    if (finding !== undefined)
      this.#alarms.note(
        "gpu-idle",
        "Nothing computes: look whether the job hangs, or what it waits for (a grader, a disk).",
        finding,
        "gpu-util",
      );
  }

  /** Time has passed: is the job still alive? */
  tick(): void {
    const now = this.#now();
    this.#checkOversampling(now);
    if (this.#hang !== undefined) return;
    const pulse = {
      phase: this.#phase,
      lastLine: this.#lastLine,
      lastProgress: this.#lastProgress,
      line: this.#line && describeEvent(this.#line),
      progress: this.#progressed && describeEvent(this.#progressed),
    };
    const hang = findHang(pulse, this.#limits[this.#phase], now);
    if (hang === undefined) return;
    this.#hang = hang;
    this.#onEvent(hang);
  }

  /** The job is being stopped, or has done all its rollouts. */
  ending(): void {
    this.#enter("ending", this.#now());
  }

  state(): WatchState {
    return {
      phase: this.#phase,
      phaseSince: this.#phaseSince,
      lastLine: this.#lastLine,
      lastProgress: this.#lastProgress,
      rollout: this.#rollout,
      step: this.#step,
      savedIteration: this.#saved,
      ...this.#counts,
      progress: this.#bar,
      alarms: this.#alarms.raised,
      hang: this.#hang,
    };
  }

  /**
   * Processes' lines come in batches, and what Ray folded comes seconds late: a line that is older than one that
   * already said where the job is says nothing new.
   */
  #inOrder({ time }: LogEvent): boolean {
    if (time === undefined) return true;
    if (this.#signTime !== undefined && time < this.#signTime) return false;
    this.#signTime = time;
    return true;
  }

  /** A bar that is drawn again without having grown is no progress. */
  #isNew(event: LogEvent, now: number): boolean {
    if (event.kind !== "progress") return true;
    const { task, done, total } = event;
    const before = this.#bar;
    const grew = before === undefined || before.task !== task || before.done !== done;
    if (grew) this.#barGrew = now;
    this.#bar = { task, done, total };
    return grew;
  }

  #named(phase: Exclude<WatchPhase, "first-rollout">): WatchPhase {
    if (phase !== "rollout") return phase;
    const { rollouts } = this.#options;
    if (rollouts !== undefined && this.#rollout === rollouts - 1 && this.#step !== undefined)
      return "ending";
    return this.#counts.rollouts === 0 ? "first-rollout" : "rollout";
  }

  #enter(phase: WatchPhase, now: number): void {
    const from = this.#phase;
    if (phase === from || (from === "ending" && phase !== "evaluation")) return;
    const seconds = (now - this.#phaseSince) / 1000;
    this.#phase = phase;
    this.#phaseSince = now;
    this.#lastProgress = now;
    this.#barGrew = now;
    this.#bar = undefined;
    this.#onEvent({ type: "phase", phase, from, now, seconds });
  }

  #record(event: LogEvent): void {
    switch (event.kind) {
      case "perf":
        if (event.side === "rollout") {
          this.#rollout = event.rollout;
          this.#counts.rollouts++;
        }
        break;
      case "step":
        if (event.role !== "actor") break;
        this.#step = event.step;
        this.#counts.steps++;
        break;
      case "eval":
        this.#counts.evaluations++;
        break;
      case "timer":
        if (event.name === "update_weights" && event.edge === "end") this.#counts.weightUpdates++;
        break;
      case "checkpoint":
        if (event.action === "saved") this.#saved = event.iteration;
        break;
      default:
    }
  }

  /** It goes on after all; a stuck phase only by progress, a silent one by any line. */
  #recover(now: number): void {
    const hang = this.#hang;
    if (hang === undefined) return;
    if (hang.manner === "stuck" && this.#lastProgress < now) return;
    this.#hang = undefined;
    this.#onEvent({ ...hang, state: "over", message: `went on: ${hang.message}` });
  }

  /** Engines that generate while no group is ever kept: the framework starts wave after wave, without a limit. */
  #checkOversampling(now: number): void {
    const generating = this.#phase === "rollout" || this.#phase === "first-rollout";
    const limit = this.#alarmLimits.oversamplingSeconds;
    const still = (now - this.#barGrew) / 1000;
    const bad = generating && still > limit && now - this.#engineWorked < ENGINE_QUIET_MS;
    const bar = this.#bar;
    this.#alarms.note(
      "oversampling",
      "The engines generate, but the filter keeps no group, and there is no limit on waves: are all rewards alike? Look at the samples and at the grader.",
      {
        bad,
        severity: "critical",
        field: "Rollout generation",
        value: still,
        limit,
        at: undefined,
        message: `engines have generated for ${Math.round(still / 60)} minutes and no group was kept (${bar === undefined ? "none so far" : `${bar.done} of ${bar.total} samples`})`,
      },
      "oversampling-live",
    );
  }
}

function phaseLimits(own: WatchOptions["phaseLimits"] = {}): Record<WatchPhase, PhaseLimit> {
  const limits = { ...DEFAULT_PHASE_LIMITS };
  for (const phase of Object.keys(limits) as WatchPhase[])
    limits[phase] = { ...limits[phase], ...own[phase] };
  return limits;
}
