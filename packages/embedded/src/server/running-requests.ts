/** Requests that are being answered, by the id that `abort_request` names. Several may share an id. */
export class RunningRequests {
  readonly #byId = new Map<string, Set<AbortController>>();

  /** Runs work with a signal that also fires when the id is aborted. */
  async run<T>(
    id: string,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const controller = new AbortController();
    const same = this.#byId.get(id) ?? new Set();
    this.#byId.set(id, same.add(controller));
    try {
      return await work(AbortSignal.any([signal, controller.signal]));
    } finally {
      same.delete(controller);
      if (same.size === 0) this.#byId.delete(id);
    }
  }

  /** Ends the requests with an id; an unknown one may have just ended. */
  abort(id: string): void {
    for (const controller of this.#byId.get(id) ?? []) controller.abort();
  }

  abortAll(): void {
    for (const id of this.#byId.keys()) this.abort(id);
  }
}
