import type { LogEvent, Metrics } from "@moonlight-rl/miles";

/** What the log says of one rollout and the steps that were trained on it. Times in seconds. */
export interface RolloutRow {
  readonly rollout: number;
  reward?: number;
  /** Tokens. */
  responseLength?: number;
  truncated?: number;
  /** Mean over the steps. */
  kl?: number;
  /** Largest of the steps. */
  gradNorm?: number;
  logprobDifference?: number;
  rolloutTime?: number;
  trainTime?: number;
  tokensPerGpuSecond?: number;
  /** Evaluations after it, by the name of the set. */
  evaluations?: Record<string, number>;
  steps: number;
}

/** One optimizer step. */
export interface StepRow {
  readonly step: number;
  readonly role: string;
  readonly values: Metrics;
}

/** Rows beyond this are dropped, oldest first: a log may be as long as it likes. */
const MAX_ROWS = 100_000;

/** Gathers the reports of a log into rows. */
export class RolloutRows {
  readonly #rollouts = new Map<number, RolloutRow>();
  readonly #steps: StepRow[] = [];
  #trained: RolloutRow | undefined;

  get rollouts(): readonly RolloutRow[] {
    return [...this.#rollouts.values()].sort((a, b) => a.rollout - b.rollout);
  }

  get steps(): readonly StepRow[] {
    return this.#steps;
  }

  observe(event: LogEvent): void {
    switch (event.kind) {
      case "rollout": {
        const row = this.#row(event.rollout);
        this.#trained = row;
        set(row, "reward", event.values["rollout/raw_reward"]);
        set(row, "truncated", event.values["rollout/truncated"]);
        set(row, "responseLength", event.values["rollout/response_lengths"]);
        break;
      }
      case "perf": {
        const row = this.#row(event.rollout);
        if (event.side === "trainer") {
          set(row, "trainTime", event.values["perf/train_time"]);
          break;
        }
        set(row, "rolloutTime", event.values["perf/rollout_time"]);
        set(row, "tokensPerGpuSecond", event.values["perf/tokens_per_gpu_per_sec"]);
        set(row, "responseLength", event.values["rollout/response_len/mean"]);
        break;
      }
      case "eval": {
        const row = this.#row(event.rollout);
        row.evaluations = { ...row.evaluations, ...scores(event.values) };
        break;
      }
      case "step":
        this.#step(event.role, event.step, event.values);
        break;
      default:
    }
  }

  #step(role: string, step: number, values: Metrics): void {
    this.#steps.push({ role, step, values });
    if (this.#steps.length > MAX_ROWS) this.#steps.shift();
    const row = this.#trained;
    if (row === undefined || role !== "actor") return;
    const before = row.steps++;
    mean(row, "kl", values["train/ppo_kl"], before);
    mean(row, "logprobDifference", values["train/train_rollout_logprob_abs_diff"], before);
    const norm = values["train/grad_norm"];
    // NaN is larger than everything here: it must not be hidden by a good step.
    if (norm !== undefined && !(norm <= (row.gradNorm ?? -Infinity))) row.gradNorm = norm;
  }

  #row(rollout: number): RolloutRow {
    let row = this.#rollouts.get(rollout);
    if (row === undefined) {
      row = { rollout, steps: 0 };
      this.#rollouts.set(rollout, row);
      const [oldest] = this.#rollouts.keys();
      if (this.#rollouts.size > MAX_ROWS && oldest !== undefined) this.#rollouts.delete(oldest);
    }
    return row;
  }
}

type NumberKey =
  | "reward"
  | "responseLength"
  | "truncated"
  | "kl"
  | "logprobDifference"
  | "rolloutTime"
  | "trainTime"
  | "tokensPerGpuSecond";

function set(row: RolloutRow, key: NumberKey, value: number | undefined): void {
  if (value !== undefined) row[key] = value;
}

function mean(row: RolloutRow, key: NumberKey, value: number | undefined, before: number): void {
  if (value !== undefined) row[key] = ((row[key] ?? 0) * before + value) / (before + 1);
}

/** `eval/aime`: one number a set; its details have a slash or a dash more. */
function scores(values: Metrics): Record<string, number> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) => {
      const name = /^eval\/([^/]+)$/.exec(key)?.[1];
      return name === undefined ||
        /-(?:none_reward_ratio|truncated_ratio|pass@\d+)$|^step$/.test(name)
        ? []
        : [[name, value] as const];
    }),
  );
}
