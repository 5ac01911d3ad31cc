import {
  layOut,
  summarise,
  type MoonlightEvent,
  type RecordedGroup,
  type RecordedSample,
  type RolloutGroup,
  type RolloutHeader,
  type RolloutIndexLine,
  type RolloutReader,
} from "@moonlight-rl/core";
import { Recent } from "../files/recent.ts";

type SampleEvent = Extract<MoonlightEvent, { type: "sample" }>;

/** Where rollouts come from. */
export interface RolloutSource {
  readonly kind: "recorded" | "shown" | "none";
  rollouts(): Promise<readonly RolloutIndexLine[]>;
  header(line: RolloutIndexLine): Promise<RolloutHeader>;
  samples(
    line: RolloutIndexLine,
    header: RolloutHeader,
    group: RecordedGroup,
    wanted: readonly number[],
  ): Promise<readonly RecordedSample[]>;
}

/** Headers that stay in memory, about 100 kB each for 1,024 samples: every look at a group needs that of its rollout. */
const HELD_HEADERS = 32;

export function recordedRollouts(reader: RolloutReader): RolloutSource {
  const headers = new Recent<Promise<RolloutHeader>, RolloutIndexLine>(HELD_HEADERS);
  return {
    kind: "recorded",
    rollouts: () => reader.rollouts(),
    header: (line) => {
      // By the line itself: a resumed run, which records a rollout anew, has new ones.
      const header = headers.get(line, () => reader.header(line));
      header.catch(() => headers.delete(line));
      return header;
    },
    samples: (line, header, group, wanted) => reader.samples(line, header, group, wanted),
  };
}

/** The samples that a run's stream shows, where nothing else was kept. A later one replaces an equal earlier one (a resume). */
export function shownRollouts(events: readonly SampleEvent[]): RolloutSource {
  const rollouts = new Map<number, Map<number, Map<number, SampleEvent>>>();
  for (const event of events) {
    const groups = rollouts.get(event.step) ?? new Map<number, Map<number, SampleEvent>>();
    rollouts.set(event.step, groups);
    const samples = groups.get(event.group) ?? new Map<number, SampleEvent>();
    groups.set(event.group, samples);
    samples.set(event.index, event);
  }
  const laidOut = new Map(
    [...rollouts]
      .sort(([a], [b]) => a - b)
      .map(([rollout, groups]) => {
        const { header, body } = layOut(rollout, [...groups.values()].map(shownGroup));
        return [rollout, { header, body, line: summarise(header, 1) }] as const;
      }),
  );
  const of = (
    line: RolloutIndexLine,
  ): { readonly header: RolloutHeader; readonly body: Buffer[] } =>
    laidOut.get(line.rollout) ?? {
      header: { version: 1, rollout: line.rollout, groups: [] },
      body: [],
    };
  return {
    kind: laidOut.size === 0 ? "none" : "shown",
    rollouts: async () => [...laidOut.values()].map(({ line }) => line),
    header: async (line) => of(line).header,
    samples: async (line, header, { group }, wanted) => {
      const first = header.groups
        .slice(0, group)
        .reduce((sum, before) => sum + before.bytes.length, 0);
      return wanted.map(
        (index) => JSON.parse(String(of(line).body[first + index])) as RecordedSample,
      );
    },
  };
}

function shownGroup(samples: ReadonlyMap<number, SampleEvent>): RolloutGroup {
  const ordered = [...samples.values()].sort((a, b) => a.index - b.index);
  const { prompt = "", label = "" } = ordered[0] ?? {};
  return {
    question: prompt,
    promptText: prompt,
    label,
    samples: ordered.map(({ response, reward, outcome, truncated }) => ({
      response,
      reward,
      outcome,
      truncated,
    })),
  };
}
