/** Events on their way to the one who reads them, once; however many come are held. */
export class EventQueue<T> implements AsyncIterable<T> {
  readonly #abort: () => void;
  readonly #events: T[] = [];
  #next = 0;
  #ended = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  /** `abort` is called when the reader leaves before the end. */
  constructor(abort: () => void) {
    this.#abort = abort;
  }

  push(event: T): void {
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

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, void> {
    try {
      for (;;) {
        if (this.#next < this.#events.length) {
          yield this.#events[this.#next++] as T;
          if (this.#next === this.#events.length) this.#next = this.#events.length = 0;
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
