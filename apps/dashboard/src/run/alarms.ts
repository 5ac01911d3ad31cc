import type { AlarmsAnswer } from "../api/logs.ts";

type Alarm = AlarmsAnswer["alarms"][number];

/** Different messages of one code that are told apart; what is beyond is counted with the last. */
const MOST = 1_000;

/** Warnings and failures; equal ones are counted, not repeated. */
export class Alarms {
  readonly #alarms = new Map<string, Alarm>();
  total = 0;

  add(
    level: Alarm["level"],
    { code, message, hint }: { code: string; message: string; hint?: string | undefined },
    { time, stage }: { time: string; stage?: string | undefined },
  ): void {
    this.total++;
    const full = this.#alarms.size >= MOST;
    const key = full ? `${stage ?? ""}\n${code}` : `${stage ?? ""}\n${code}\n${message}`;
    const earlier = this.#alarms.get(key);
    if (earlier !== undefined) {
      earlier.count++;
      earlier.last = time;
      return;
    }
    this.#alarms.set(key, {
      code,
      level,
      message,
      ...(hint === undefined ? {} : { hint }),
      ...(stage === undefined ? {} : { stage }),
      count: 1,
      first: time,
      last: time,
    });
  }

  /** The newest first. */
  list(): Alarm[] {
    return [...this.#alarms.values()].sort((a, b) => (a.last < b.last ? 1 : -1));
  }
}
