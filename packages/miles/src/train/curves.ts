import { toMetricValue, type EventInput } from "@moonlight-rl/core";
import type { LogEvent, Metrics, StepReport } from "../log/log-event.ts";
import { pipelineEvents } from "../log/pipeline-events.ts";

type MetricEvent = Extract<EventInput, { readonly type: "metric" }>;

export interface CurvesOptions {
  readonly stepsPerRollout: number;
  readonly onPoint: (point: MetricEvent) => void;
  /** Told how many rollouts were trained on. */
  readonly onRollout: (done: number) => void;
  /** What is no point of a curve. */
  readonly onOther: (event: EventInput) => void;
}

/**
 * What the framework's log says, as events. Reports of optimizer steps are averaged over their rollout, so that each
 * curve has one point a rollout, as those of the embedded engine have.
 */
export class Curves {
  readonly #options: CurvesOptions;
  #held: { readonly rollout: number; readonly values: Metrics[] } | undefined;
  /** Optimizer steps of the run by the number of the last one; undefined: none was reported. */
  steps: number | undefined;

  constructor(options: CurvesOptions) {
    this.#options = options;
  }

  /** Nothing is held back. */
  get settled(): boolean {
    return this.#held === undefined;
  }

  observe(event: LogEvent): void {
    if (event.kind === "step" && event.role === "actor") return this.#step(event);
    if (event.kind === "perf" && event.side === "trainer") this.end();
    const { stepsPerRollout, onPoint, onOther } = this.#options;
    for (const one of pipelineEvents(event, { stepsPerRollout }))
      if (one.type === "metric") onPoint({ ...one, step: Math.floor(one.step) });
      else onOther(one);
  }

  /** Nothing more will come. */
  end(): void {
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    const names = new Set(held.values.flatMap((values) => Object.keys(values)));
    names.delete("train/step");
    const mean = (name: string): number => {
      const all = held.values.flatMap((values) => values[name] ?? []);
      return all.reduce((sum, value) => sum + value, 0) / all.length;
    };
    this.#options.onPoint({
      type: "metric",
      step: held.rollout,
      values: Object.fromEntries([...names].map((name) => [name, toMetricValue(mean(name))])),
    });
    this.#options.onRollout(held.rollout + 1);
  }

  #step({ step, values }: StepReport): void {
    const { stepsPerRollout } = this.#options;
    const rollout = Math.floor(step / stepsPerRollout);
    this.steps = step + 1;
    if (this.#held?.rollout !== rollout) this.end();
    this.#held ??= { rollout, values: [] };
    this.#held.values.push(values);
    if ((step + 1) % stepsPerRollout === 0) this.end();
  }
}
