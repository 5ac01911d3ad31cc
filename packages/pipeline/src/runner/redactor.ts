import type { Secrets } from "../stage/context.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const REDACTED = "[redacted]";
const SECRET_NAME = /(TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|API_?KEY|ACCESS_KEY|PRIVATE_KEY)/i;

/** Shared by all redactors: what is secret in one stage is secret in the messages of the whole process. */
const values = new Set<string>();

/**
 * Knows the secrets of a process and takes them out of everything that leaves it.
 * Variables that look like secrets by name are known from the start; others once a stage has asked for them.
 */
export class Redactor implements Secrets {
  readonly #env: Environment;

  constructor(env: Environment) {
    this.#env = env;
    for (const [name, value] of Object.entries(env)) {
      // Shorter values ("true", a port) would only mutilate what people read.
      if (SECRET_NAME.test(name) && value !== undefined && value.length >= 8) add(value);
    }
  }

  get(name: string): string | undefined {
    const value = this.#env[name];
    if (value !== undefined && value.length >= 4) add(value);
    return value;
  }

  text(text: string): string {
    let clean = text;
    for (const value of values) {
      if (clean.includes(value)) clean = clean.replaceAll(value, REDACTED);
    }
    return clean;
  }

  /** A copy of a JSON-like value with every string redacted (keys too). */
  value<T>(value: T): T {
    if (values.size === 0) return value;
    return this.#walk(value) as T;
  }

  #walk(value: unknown): unknown {
    if (typeof value === "string") return this.text(value);
    if (Array.isArray(value)) return value.map((item) => this.#walk(item));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, field]) => [this.text(key), this.#walk(field)]),
    );
  }
}

function add(value: string): void {
  values.add(value);
  values.add(encodeURIComponent(value));
}
