import { figure, percent, Recent, type AlarmRule } from "./alarm-rule.ts";

/** Alarms of what the policy produces: rewards, lengths, groups. */
export function rolloutRules(): readonly AlarmRule[] {
  return [rewardAllZero(), rewardZeroStd(), truncated(), responseLength(), oversampling()];
}

function rewardAllZero(): AlarmRule {
  let run = 0;
  return {
    id: "reward-all-zero",
    look: "Does the grader read the answers as the policy writes them (a missing \\boxed is 0), and are the labels right? Look at the samples.",
    check(event, { limits }) {
      if (event.kind !== "rollout") return undefined;
      const field = "rollout/raw_reward";
      const value = event.values[field];
      if (value === undefined) return undefined;
      run = value === 0 ? run + 1 : 0;
      return {
        bad: run >= limits.zeroRewardRollouts,
        severity: "critical",
        field,
        value,
        limit: 0,
        at: event.rollout,
        message: `every reward of ${run === 1 ? `rollout ${event.rollout}` : `the last ${run} rollouts`} is 0`,
      };
    },
  };
}

function rewardZeroStd(): AlarmRule {
  return {
    id: "reward-zero-std",
    look: "Groups whose rewards are all alike teach nothing: are the prompts too hard or too easy? A dynamic filter on the reward's spread replaces them.",
    check(event, { limits, groupsPerRollout }) {
      if (event.kind !== "perf" || event.side !== "rollout") return undefined;
      const share = zeroStdShare(event.values, groupsPerRollout);
      if (share === undefined) return undefined;
      return {
        bad: share >= limits.zeroStdShare,
        severity: "warning",
        field: "rollout/zero_std",
        value: share,
        limit: limits.zeroStdShare,
        at: event.rollout,
        message: `in ${percent(share)} of the groups of rollout ${event.rollout} all rewards are alike`,
      };
    },
  };
}

/** The framework's percentages miss integer rewards (it looks "0.0" up and counts "0"): counts come first. */
function zeroStdShare(
  values: Readonly<Record<string, number>>,
  groups: number | undefined,
): number | undefined {
  const counted = sumOf(values, "rollout/zero_std/count_");
  if (groups !== undefined && groups > 0 && counted !== undefined) return counted / groups;
  const zero = values["rollout/zero_std/all_zero_percentage"];
  const one = values["rollout/zero_std/all_one_percentage"];
  return zero === undefined && one === undefined ? undefined : (zero ?? 0) + (one ?? 0);
}

function sumOf(values: Readonly<Record<string, number>>, prefix: string): number | undefined {
  let sum: number | undefined;
  for (const [key, value] of Object.entries(values))
    if (key.startsWith(prefix)) sum = (sum ?? 0) + value;
  return sum;
}

function truncated(): AlarmRule {
  return {
    id: "truncated",
    look: "Responses reach the limit before they end, and are graded as they are: raise the response length, or look whether the policy repeats itself (rollout/repetition_frac).",
    check(event, { limits }) {
      const field =
        event.kind === "rollout"
          ? "rollout/truncated"
          : event.kind === "perf"
            ? "rollout/truncated_ratio"
            : undefined;
      const value = field !== undefined && "values" in event ? event.values[field] : undefined;
      if (field === undefined || value === undefined || !("rollout" in event)) return undefined;
      return {
        bad: value > limits.truncatedShare,
        severity: "warning",
        field,
        value,
        limit: limits.truncatedShare,
        at: event.rollout,
        message: `${percent(value)} of the responses of rollout ${event.rollout} are truncated`,
      };
    },
  };
}

function responseLength(): AlarmRule {
  const recent = new Recent();
  return {
    id: "response-length",
    look: "Short responses can be a policy that has learned to stop at once: look at the samples, at the reward and at the entropy.",
    check(event, { limits }) {
      if (event.kind !== "rollout") return undefined;
      const field = "rollout/response_lengths";
      const value = event.values[field];
      if (value === undefined || !Number.isFinite(value)) return undefined;
      const usual = recent.median;
      const limit = recent.count >= 3 ? usual * limits.responseLengthShare : 1;
      recent.add(value);
      return {
        bad: value < limit,
        severity: "critical",
        field,
        value,
        limit,
        at: event.rollout,
        message: `responses of rollout ${event.rollout} have ${figure(value)} tokens on average; before, it was ${figure(usual)}`,
      };
    },
  };
}

function oversampling(): AlarmRule {
  return {
    id: "oversampling",
    look: "Most of what is generated is thrown away, and a rollout in which nothing passes never ends: the framework has no limit on waves. Make prompts fit the policy, or drop the filter.",
    check(event, { limits, groupsPerRollout }) {
      if (event.kind !== "perf" || event.side !== "rollout" || groupsPerRollout === undefined)
        return undefined;
      const dropped = sumOf(event.values, "rollout/dynamic_filter/drop_");
      if (dropped === undefined) return undefined;
      const share = dropped / (dropped + groupsPerRollout);
      return {
        bad: share > limits.droppedShare,
        severity: "warning",
        field: "rollout/dynamic_filter/drop",
        value: share,
        limit: limits.droppedShare,
        at: event.rollout,
        message: `the filter threw ${percent(share)} of the groups of rollout ${event.rollout} away (${dropped} of ${dropped + groupsPerRollout})`,
      };
    },
  };
}
