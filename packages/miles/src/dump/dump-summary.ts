import { rewardOf, sampleFaults, type DumpSample } from "./dump-sample.ts";

/** What a rollout looks like from afar. Lengths in tokens. */
export interface DumpSummary {
  readonly samples: number;
  readonly groups: number;
  /** Groups of several samples with equal rewards: none of them teaches anything. */
  readonly zeroStdGroups: number;
  /** Mean of those that are numbers; null: none is. */
  readonly meanReward: number | null;
  readonly ungraded: number;
  readonly meanLength: number;
  readonly maxLength: number;
  readonly truncated: number;
  readonly aborted: number;
  readonly failed: number;
  /** Samples that training leaves out. */
  readonly removed: number;
  /** Mean of the engine's log-probs over tokens, nats; null where it gave none. */
  readonly meanLogProb: number | null;
  /** Samples that contradict themselves, and what is suspicious of the whole. */
  readonly faults: readonly string[];
}

const TOLD_FAULTS = 5;

/** @param rewardKey of rewards that have several keys */
export function summarizeDump(samples: readonly DumpSample[], rewardKey?: string): DumpSummary {
  const rewards = samples.flatMap((sample) => rewardOf(sample, rewardKey) ?? []);
  const lengths = samples.map(({ responseLength }) => responseLength);
  const having = (status: DumpSample["status"]): number =>
    samples.filter((sample) => sample.status === status).length;
  const groups = groupsOf(samples);
  const zeroStdGroups = groups.filter((group) => isFlat(group, rewardKey)).length;
  const figures = {
    samples: samples.length,
    groups: groups.length,
    zeroStdGroups,
    meanReward: mean(rewards),
    ungraded: samples.length - rewards.length,
    meanLength: mean(lengths) ?? 0,
    maxLength: lengths.reduce((most, length) => Math.max(most, length), 0),
    truncated: having("truncated"),
    aborted: having("aborted"),
    failed: having("failed"),
    removed: samples.filter(({ removed }) => removed).length,
    meanLogProb: meanOfAll(samples.map(({ logProbs }) => logProbs ?? [])),
  };
  return { ...figures, faults: [...wholeFaults(figures, rewards), ...ownFaults(samples)] };
}

/** Samples of one prompt, in the order that they first appear; without a group each is one. */
export function groupsOf(samples: readonly DumpSample[]): DumpSample[][] {
  const groups = new Map<string, DumpSample[]>();
  for (const [place, sample] of samples.entries()) {
    const key = sample.group === null ? `at ${place}` : String(sample.group);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [sample]);
    else group.push(sample);
  }
  return [...groups.values()];
}

function isFlat(group: readonly DumpSample[], key: string | undefined): boolean {
  const rewards = group.map((sample) => rewardOf(sample, key));
  return group.length > 1 && rewards[0] !== undefined && rewards.every((one) => one === rewards[0]);
}

function wholeFaults(
  { samples, groups, zeroStdGroups, truncated, ungraded }: Omit<DumpSummary, "faults">,
  rewards: readonly number[],
): string[] {
  const faults: string[] = [];
  if (samples === 0) faults.push("there is no sample in it");
  else if (ungraded === samples)
    faults.push(
      "no sample has a number as its reward; of those with several, a key has to be named",
    );
  else if (samples > 1 && new Set(rewards).size === 1)
    faults.push(`every reward is ${rewards[0]}: look at the grader and at the labels`);
  else if (groups > 1 && zeroStdGroups === groups)
    faults.push("within each group all rewards are equal: nothing can be learned from them");
  if (samples > 0 && truncated === samples)
    faults.push("every answer was cut off at the token limit");
  return faults;
}

function ownFaults(samples: readonly DumpSample[]): string[] {
  const faults = samples.flatMap((sample, place) =>
    sampleFaults(sample).map((fault) => `sample ${sample.index ?? `at ${place}`}: ${fault}`),
  );
  const more = faults.length - TOLD_FAULTS;
  return more > 0 ? [...faults.slice(0, TOLD_FAULTS), `and ${more} more of this kind`] : faults;
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function meanOfAll(lists: readonly (readonly number[])[]): number | null {
  const count = lists.reduce((sum, list) => sum + list.length, 0);
  if (count === 0) return null;
  return lists.reduce((sum, list) => sum + list.reduce((a, b) => a + b, 0), 0) / count;
}
