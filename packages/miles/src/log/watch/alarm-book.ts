import type { LogEvent } from "../log-event.ts";
import type { AlarmContext, AlarmRule, Finding } from "./alarm-rule.ts";
import { rolloutRules } from "./rollout-rules.ts";
import { serviceRules } from "./service-rules.ts";
import { trainingRules } from "./training-rules.ts";
import type { Alarm, AlarmId } from "./watch-event.ts";

/** Which alarms are raised. Each is told when it begins and when it is over, not every time that it is seen. */
export class AlarmBook {
  readonly #rules: readonly AlarmRule[] = [
    ...rolloutRules(),
    ...trainingRules(),
    ...serviceRules(),
  ];
  readonly #raised = new Map<string, Alarm>();
  readonly #context: AlarmContext;
  readonly #tell: (alarm: Alarm) => void;

  constructor(context: AlarmContext, tell: (alarm: Alarm) => void) {
    this.#context = context;
    this.#tell = tell;
  }

  get raised(): readonly Alarm[] {
    return [...this.#raised.values()];
  }

  observe(event: LogEvent): void {
    for (const { id, look, check } of this.#rules) {
      const finding = check(event, this.#context);
      if (finding !== undefined) this.note(id, look, finding);
    }
  }

  /** @param key what tells two causes of one alarm apart; default the id */
  note(id: AlarmId, look: string, finding: Finding, key: string = id): void {
    const before = this.#raised.get(key);
    const { bad, ...details } = finding;
    if (bad === (before !== undefined)) return;
    if (bad) {
      const alarm: Alarm = { type: "alarm", id, state: "raised", ...details, look };
      this.#raised.set(key, alarm);
      this.#tell(alarm);
    } else if (before !== undefined) {
      this.#raised.delete(key);
      this.#tell({
        ...before,
        state: "cleared",
        value: details.field === before.field ? details.value : before.value,
        at: details.at,
        message: `over: ${before.message}`,
      });
    }
  }
}
