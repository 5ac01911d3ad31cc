import type { GenerationEvent } from "./generation.ts";

/** Events from the engine on their way to the one who reads them; as many as the request makes are held. */
export class EventQueue implements AsyncIterable<GenerationEvent> {
  readonly #abort: () => void;
  readonly #events: GenerationEvent[] = [];
  #next = 0;
  #ended = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  /** `abort` is called when the reader leaves before the end. */
  constructor(abort: () => void) {
    this.#abort = abort;
  }

  push(event: GenerationEvent): void {
    this.#events.push(event);
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  fail(error: Error): void {
    this.#error = error;
    this.end();
  }

  abort(): void {
    if (this.#ended) return;
    this.#abort();
    this.end();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<GenerationEvent, void, void> {
    try {
      for (;;) {
        if (this.#next < this.#events.length) {
          yield this.#events[this.#next++] as GenerationEvent;
        } else if (this.#ended) {
          if (this.#error !== undefined) throw this.#error;
          return;
        } else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
      }
    } finally {
      this.abort();
    }
  }
}
