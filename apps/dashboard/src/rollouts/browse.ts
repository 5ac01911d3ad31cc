import {
  MoonlightError,
  spread,
  type RecordedGroup,
  type RecordedSample,
  type RolloutIndexLine,
} from "@moonlight-rl/core";
import { gradedSpan } from "@moonlight-rl/eval";
import type { z } from "zod";
import type {
  GroupLine,
  groupsQuery,
  GroupsAnswer,
  promptQuery,
  PromptAnswer,
  RolloutLine,
  RolloutsAnswer,
  rolloutsQuery,
  Sample,
  SamplesAnswer,
  samplesQuery,
} from "../api/rollouts.ts";
import { notFound } from "../http/not-found.ts";
import type { RolloutSource } from "./source.ts";

const SHORT = 300;

export async function listRollouts(
  source: RolloutSource,
  { offset, limit, order }: z.output<typeof rolloutsQuery>,
): Promise<RolloutsAnswer> {
  const lines = await source.rollouts();
  const page =
    order === "asc"
      ? lines.slice(offset, offset + limit)
      : lines
          .slice(Math.max(0, lines.length - offset - limit), Math.max(0, lines.length - offset))
          .reverse();
  return { source: source.kind, total: lines.length, offset, items: page.map(rolloutLine) };
}

export async function listGroups(
  source: RolloutSource,
  rollout: number,
  query: z.output<typeof groupsQuery>,
): Promise<GroupsAnswer> {
  const line = await find(source, rollout);
  const { groups } = await source.header(line);
  const wanted = groups.filter((group) => fits(group, query)).map(groupLine);
  sortBy(wanted, query.order, ({ group, meanReward, stdReward, meanTokens }) =>
    query.sort === "reward"
      ? meanReward
      : query.sort === "std"
        ? stdReward
        : query.sort === "length"
          ? (meanTokens ?? 0)
          : group,
  );
  const { offset, limit } = query;
  const items = wanted.slice(offset, offset + limit);
  return { rollout: rolloutLine(line), total: wanted.length, offset, items };
}

export async function listSamples(
  source: RolloutSource,
  rollout: number,
  group: number,
  query: z.output<typeof samplesQuery>,
): Promise<SamplesAnswer> {
  const line = await find(source, rollout);
  const header = await source.header(line);
  const found = header.groups.find((one) => one.group === group);
  if (found === undefined) throw notFound(`Rollout ${rollout} has no group ${group}.`);
  const { offset, limit, outcome, sort, order } = query;
  const wanted = found.rewards
    .map((reward, index) => ({ reward, index, length: found.lengths[index] ?? 0 }))
    .filter(({ index }) => outcome === undefined || found.outcomes[index] === outcome);
  sortBy(wanted, order, (row) => row[sort]);
  const page = wanted.slice(offset, offset + limit).map(({ index }) => index);
  const samples = await source.samples(line, header, found, page);
  return {
    group: groupLine(found),
    question: found.question,
    ...(found.promptText === undefined ? {} : { promptText: found.promptText }),
    total: wanted.length,
    offset,
    items: samples.map((sample) => {
      const length = found.lengths[sample.index] ?? null;
      return query.detail === "brief" ? briefOf(sample, length) : sampleOf(sample, length);
    }),
  };
}

/** Where a prompt was sampled, over all rollouts. */
export async function findPrompt(
  source: RolloutSource,
  prompt: string,
  { offset, limit }: z.output<typeof promptQuery>,
): Promise<PromptAnswer> {
  const places = (await source.rollouts()).flatMap((line) =>
    line.prompts.flatMap((name, group) => (name === prompt ? [{ line, group }] : [])),
  );
  const [first] = places;
  if (first === undefined) throw notFound(`No rollout has the prompt ${prompt}.`);
  const items = await Promise.all(
    places.slice(offset, offset + limit).map(async ({ line, group }) => {
      const found = (await source.header(line)).groups[group];
      const rewards = found?.rewards ?? [];
      return {
        rollout: line.rollout,
        group: found?.group ?? group,
        samples: rewards.length,
        meanReward: spread(rewards).mean,
      };
    }),
  );
  const { question = "", label = "" } = (await source.header(first.line)).groups[first.group] ?? {};
  return { prompt, question, label, total: places.length, offset, items };
}

async function find(source: RolloutSource, rollout: number): Promise<RolloutIndexLine> {
  const lines = await source.rollouts();
  const near = lines[rollout - (lines[0]?.rollout ?? 0)];
  const line = near?.rollout === rollout ? near : lines.find((one) => one.rollout === rollout);
  if (line !== undefined) return line;
  const last = lines.at(-1);
  throw new MoonlightError("UI_NOT_FOUND", `The run has no rollout ${rollout}.`, {
    hint:
      last === undefined
        ? "None was recorded yet."
        : `It has ${lines.length}, from ${lines[0]?.rollout} to ${last.rollout}.`,
  });
}

function fits(group: RecordedGroup, query: z.output<typeof groupsQuery>): boolean {
  const { outcome, zeroStd, search } = query;
  if (outcome !== undefined && !group.outcomes.includes(outcome)) return false;
  if (zeroStd !== undefined && (zeroStd === "true") !== new Set(group.rewards).size <= 1)
    return false;
  return search === undefined || group.question.toLowerCase().includes(search.toLowerCase());
}

function rolloutLine({
  headerBytes: _headerBytes,
  prompts,
  ...line
}: RolloutIndexLine): RolloutLine {
  return { ...line, groups: prompts.length };
}

function groupLine(group: RecordedGroup): GroupLine {
  const { rewards, lengths, outcomes } = group;
  const { mean, std } = spread(rewards);
  const counted = lengths.filter((length) => length !== null);
  const counts: Record<string, number> = {};
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return {
    group: group.group,
    prompt: group.prompt,
    question: group.question.slice(0, SHORT),
    label: group.label,
    samples: rewards.length,
    meanReward: mean,
    stdReward: std,
    outcomes: counts,
    truncated: group.truncated.filter(Boolean).length,
    meanTokens: counted.length === 0 ? null : spread(counted).mean,
    rewards: [...rewards],
  };
}

function sampleOf({ group: _group, ...sample }: RecordedSample, tokenCount: number | null): Sample {
  const span = gradedSpan(sample.response, sample.extracted ?? null);
  return { ...sample, tokenCount, ...(span === undefined ? {} : { span: { ...span } }) };
}

function briefOf(sample: RecordedSample, tokenCount: number | null): Sample {
  const { index, response, reward, advantage, outcome, truncated, extracted } = sample;
  return {
    index,
    response: response.slice(0, SHORT),
    reward,
    outcome,
    truncated,
    tokenCount,
    ...(advantage === undefined ? {} : { advantage }),
    ...(extracted === undefined ? {} : { extracted }),
  };
}

/** Stable; ascending or descending by a number. */
function sortBy<T>(rows: T[], order: "asc" | "desc", key: (row: T) => number): void {
  const sign = order === "asc" ? 1 : -1;
  rows.sort((a, b) => sign * (key(a) - key(b)));
}
