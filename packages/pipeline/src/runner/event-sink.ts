import type { Emit, EventInput, MoonlightEvent } from "@moonlight-rl/core";
import type { Clock } from "../stage/context.ts";
import type { Redactor } from "./redactor.ts";

export type EventListener = (event: MoonlightEvent) => void;

export interface EventSinkOptions {
  readonly clock: Clock;
  readonly redactor: Redactor;
  readonly listeners: readonly EventListener[];
  readonly run?: string;
}

/** Stamps events with time, run and stage, takes secrets out and hands them to every listener. */
export class EventSink {
  readonly #options: EventSinkOptions;

  constructor(options: EventSinkOptions) {
    this.#options = options;
  }

  /** The `emit` of one stage, or of the run itself. */
  emitter(stage?: string): Emit {
    return (event) => this.#send(event, stage);
  }

  #send(input: EventInput, stage: string | undefined): void {
    const { clock, redactor, listeners, run } = this.#options;
    const event: MoonlightEvent = redactor.value({
      ...input,
      time: clock.now().toISOString(),
      ...(run === undefined ? {} : { run }),
      ...(stage === undefined ? {} : { stage }),
    });
    for (const listener of listeners) {
      try {
        listener(event);
      } catch (error) {
        // A reader of the stream must not be able to end the work that it watches.
        process.emitWarning(`An event listener failed: ${String(error)}`);
      }
    }
  }
}
