import type { AlarmRule } from "./alarm-rule.ts";

/** From this try of a request on (one a second), an engine is not merely busy. */
const RETRIES = 10;

/** Alarms of what training stands on: engines, checkpoints. */
export function serviceRules(): readonly AlarmRule[] {
  return [engineUnhealthy(), dataState()];
}

function engineUnhealthy(): AlarmRule {
  return {
    id: "engine-unhealthy",
    look: "Look for the engine's own failure above, and at its GPU memory. Right after a start a health check may come too early: raise its first wait.",
    check(event) {
      if (
        event.kind === "engine" &&
        (event.action === "unhealthy" || event.action === "terminated")
      )
        return engine(true, 1, event.detail);
      if (event.kind === "retry" && event.attempt >= RETRIES)
        return engine(
          true,
          event.attempt,
          `${event.attempt} tries of ${event.url} failed: ${event.error}`,
        );
      if (event.kind === "perf" && event.side === "rollout") return engine(false, 0, "");
      return undefined;
    },
  };
}

function engine(bad: boolean, value: number, message: string): ReturnType<AlarmRule["check"]> {
  return {
    bad,
    severity: "critical",
    field: "engine",
    value,
    limit: 0,
    at: undefined,
    message: message.slice(0, 300),
  };
}

function dataState(): AlarmRule {
  return {
    id: "checkpoint-data-state",
    look: "The run resumed the weights but not the position in its data: it trains on the first prompts again. Copy the state file of that rollout, or resume from a checkpoint that has one.",
    check(event) {
      if (event.kind !== "checkpoint" || event.action !== "data-state-missing") return undefined;
      const rollout = Number(/_(-?\d+)\.pt$/.exec(event.path ?? "")?.[1] ?? NaN);
      // A fresh start asks for the state before rollout 0, which never exists.
      if (!(rollout >= 0)) return undefined;
      return {
        bad: true,
        severity: "critical",
        field: "rollout/global_dataset_state_dict",
        value: rollout,
        limit: 0,
        at: rollout,
        message: `the position in the data after rollout ${rollout} is missing: data starts again at 0`,
      };
    },
  };
}
