import type { LogEvent } from "../log-event.ts";
import { figure, percent, Recent, type AlarmRule } from "./alarm-rule.ts";

/** Alarms of what the optimizer does. */
export function trainingRules(): readonly AlarmRule[] {
  return [
    notFinite(),
    klExplodes(),
    logprobDifference(),
    gradientClipped(),
    gradientZero(),
    waiting(),
  ];
}

function notFinite(): AlarmRule {
  // A clean report of another kind does not mean that this one is clean again.
  const bad = new Set<string>();
  return {
    id: "not-finite",
    look: "A loss or gradient that is no number poisons the weights: stop, go back to the last checkpoint before it, lower the learning rate or clip harder.",
    check(event) {
      if (
        event.kind !== "step" &&
        event.kind !== "rollout" &&
        event.kind !== "perf" &&
        event.kind !== "eval"
      )
        return undefined;
      const found = Object.entries(event.values).find(([, value]) => !Number.isFinite(value));
      const kind =
        event.kind + (event.kind === "perf" ? event.side : event.kind === "step" ? event.role : "");
      if (found === undefined) {
        if (!bad.delete(kind) || bad.size > 0) return undefined;
      } else bad.add(kind);
      const [field, value] = found ?? ["", 0];
      const at = event.kind === "step" ? event.step : event.rollout;
      return {
        bad: found !== undefined,
        severity: "critical",
        field,
        value,
        limit: 0,
        at,
        message: `${field} of ${event.kind} ${at} is ${value}`,
      };
    },
  };
}

const KL_FIELDS = ["train/ppo_kl", "train/train_rollout_kl", "train/kl_loss"] as const;

function klExplodes(): AlarmRule {
  const recent = new Map<string, Recent>();
  return {
    id: "kl",
    look: "The policy runs away: from the engine's copy (train_rollout_kl), from the one that generated (ppo_kl) or from the reference (kl_loss). Lower the learning rate; after a resume, check that the weights reached the engines.",
    check(event, { limits }) {
      if (event.kind !== "step" || event.role !== "actor") return undefined;
      let worst:
        | { readonly field: string; readonly value: number; readonly limit: number }
        | undefined;
      for (const field of KL_FIELDS) {
        const value = event.values[field];
        if (value === undefined || !Number.isFinite(value)) continue;
        const size = Math.abs(value);
        const history = recent.get(field) ?? new Recent();
        recent.set(field, history);
        const grown = Math.max(limits.kl / 10, history.median * limits.klGrowth);
        const limit = history.count >= 5 ? Math.min(limits.kl, grown) : limits.kl;
        history.add(size);
        if (worst === undefined || size / limit > Math.abs(worst.value) / worst.limit)
          worst = { field, value, limit };
      }
      if (worst === undefined) return undefined;
      const { field, value, limit } = worst;
      return {
        ...worst,
        bad: Math.abs(value) > limit,
        severity: "critical",
        at: event.step,
        message: `${field} of step ${event.step} is ${figure(value)}`,
      };
    },
  };
}

function logprobDifference(): AlarmRule {
  return {
    id: "logprob-difference",
    look: "Trainer and engine disagree about the same tokens: stale or badly converted weights, another precision or router in the engine, or a chat template that differs. Right after a resume it shows that the weights did not arrive.",
    check(event, { limits }) {
      const limit = limits.logprobDifference;
      if (event.kind === "step") {
        const field = "train/train_rollout_logprob_abs_diff";
        const value = event.values[field];
        if (value === undefined || !Number.isFinite(value)) return undefined;
        return {
          bad: value > limit,
          severity: "warning",
          field,
          value,
          limit,
          at: event.step,
          message: `log-probabilities of trainer and engine differ by ${figure(value)} on average in step ${event.step}`,
        };
      }
      return event.kind === "rollout" ? meanDifference(event, limit) : undefined;
    },
  };
}

/** Where the steps do not report it: the means of a rollout, of which only a clear difference says something. */
function meanDifference(
  event: Extract<LogEvent, { readonly kind: "rollout" }>,
  limit: number,
): ReturnType<AlarmRule["check"]> {
  const trainer = event.values["rollout/log_probs"];
  const engine = event.values["rollout/rollout_log_probs"];
  if (trainer === undefined || engine === undefined) return undefined;
  const value = Math.abs(trainer - engine);
  // A small one says nothing: a mean hides differences of either sign.
  if (!(value > limit)) return undefined;
  return {
    bad: true,
    severity: "warning",
    field: "rollout/rollout_log_probs",
    value,
    limit,
    at: event.rollout,
    message: `mean log-probabilities of trainer and engine differ by ${figure(value)} in rollout ${event.rollout}`,
  };
}

function gradientClipped(): AlarmRule {
  let run = 0;
  return {
    id: "gradient-clipped",
    look: "When every gradient is clipped, its length no longer says anything: the learning rate is what is left. A single huge one is usually a bad batch.",
    check(event, { limits }) {
      if (event.kind !== "step" || event.role !== "actor") return undefined;
      const field = "train/grad_norm";
      const value = event.values[field];
      if (value === undefined || !Number.isFinite(value)) return undefined;
      run = value > limits.clipGrad ? run + 1 : 0;
      const spike = value > limits.clipGrad * limits.gradientSpike;
      return {
        bad: spike || run >= limits.clippedSteps,
        severity: spike ? "critical" : "warning",
        field,
        value,
        limit: spike ? limits.clipGrad * limits.gradientSpike : limits.clipGrad,
        at: event.step,
        message: spike
          ? `the gradient of step ${event.step} has norm ${figure(value)}`
          : `gradients were clipped in ${run} steps in a row, up to step ${event.step} (norm ${figure(value)})`,
      };
    },
  };
}

function gradientZero(): AlarmRule {
  return {
    id: "gradient-zero",
    look: "Nothing is learned: all advantages are 0 (rewards alike in every group), or the loss mask is empty.",
    check(event) {
      if (event.kind !== "step" || event.role !== "actor") return undefined;
      const field = "train/grad_norm";
      const value = event.values[field];
      if (value === undefined) return undefined;
      return {
        bad: value === 0,
        severity: "critical",
        field,
        value,
        limit: 0,
        at: event.step,
        message: `the gradient of step ${event.step} is 0`,
      };
    },
  };
}

function waiting(): AlarmRule {
  return {
    id: "gpu-idle",
    look: "Trainers wait for generation: more or faster engines, shorter responses, or generating and training at the same time.",
    check(event, { limits }) {
      if (event.kind !== "perf" || event.side !== "trainer") return undefined;
      const field = "perf/wait_time_ratio";
      const value = event.values[field];
      if (value === undefined || !Number.isFinite(value)) return undefined;
      return {
        bad: value > limits.waitShare,
        severity: "warning",
        field,
        value,
        limit: limits.waitShare,
        at: event.rollout,
        message: `trainers waited ${percent(value)} of the time of rollout ${event.rollout}`,
      };
    },
  };
}
