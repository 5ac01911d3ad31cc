/** Keeps what was used last; what is older than `most` others is let go. */
export class Recent<T, K = string> {
  readonly #most: number;
  readonly #held = new Map<K, T>();

  constructor(most: number) {
    this.#most = most;
  }

  get(key: K, make: () => T): T {
    const value = this.#held.get(key) ?? make();
    this.#held.delete(key);
    this.#held.set(key, value);
    if (this.#held.size > this.#most) {
      const [oldest] = this.#held.keys();
      if (oldest !== undefined) this.#held.delete(oldest);
    }
    return value;
  }

  delete(key: K): void {
    this.#held.delete(key);
  }
}
