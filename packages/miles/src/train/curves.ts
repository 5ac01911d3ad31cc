import { toMetricValue, type EventInput } from "@moonlight-rl/core";
import type { LogEvent, Metrics } from "../log/log-event.ts";

type MetricEvent = Extract<EventInput, { readonly type: "metric" }>;

/**
 * Reports of the framework as points of curves over rollouts. Reports of optimizer steps are averaged over their rollout, as
 * the embedded engine does.
 */
export class Curves {
  readonly #onPoint: (point: MetricEvent) => void;
  readonly #onRollout: (done: number) => void;
  readonly #stepsPerRollout: number;
  #steps: { readonly rollout: number; readonly values: Metrics[] } | undefined;
  /** Optimizer steps of the run, by the number of the last one. */
  steps: number | undefined;

  constructor(
    stepsPerRollout: number,
    onPoint: (point: MetricEvent) => void,
    onRollout: (done: number) => void,
  ) {
    this.#stepsPerRollout = stepsPerRollout;
    this.#onPoint = onPoint;
    this.#onRollout = onRollout;
  }

  /** Nothing is held back. */
  get settled(): boolean {
    return this.#steps === undefined;
  }

  observe(event: LogEvent): void {
    switch (event.kind) {
      case "step": {
        if (event.role !== "actor")
          return this.#point(Math.floor(event.step / this.#stepsPerRollout), event.values);
        this.steps = event.step + 1;
        const rollout = Math.floor(event.step / this.#stepsPerRollout);
        if (this.#steps?.rollout !== rollout) this.end();
        this.#steps ??= { rollout, values: [] };
        this.#steps.values.push(event.values);
        if ((event.step + 1) % this.#stepsPerRollout === 0) this.end();
        return;
      }
      case "perf":
      case "rollout":
      case "eval":
        if (event.kind === "perf" && event.side === "trainer") this.end();
        return this.#point(event.rollout, event.values);
      default:
    }
  }

  /** Nothing more will come. */
  end(): void {
    const held = this.#steps;
    if (held === undefined) return;
    this.#steps = undefined;
    const names = new Set(held.values.flatMap((values) => Object.keys(values)));
    const mean = (name: string): number => {
      const all = held.values.flatMap((values) => values[name] ?? []);
      return all.reduce((sum, value) => sum + value, 0) / all.length;
    };
    this.#point(held.rollout, Object.fromEntries([...names].map((name) => [name, mean(name)])));
    this.#onRollout(held.rollout + 1);
  }

  #point(step: number, values: Metrics): void {
    if (Object.keys(values).length === 0) return;
    this.#onPoint({
      type: "metric",
      step,
      values: Object.fromEntries(
        Object.entries(values).map(([name, value]) => [name, toMetricValue(value)]),
      ),
    });
  }
}
