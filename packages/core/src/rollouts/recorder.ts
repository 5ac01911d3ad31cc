import { readdirSync, readFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../atomic-file.ts";
import { sha256 } from "../digest.ts";
import { NdjsonWriter } from "../ndjson.ts";
import {
  ROLLOUT_INDEX,
  rolloutFile,
  type RecordedGroup,
  type RecordedSample,
  type RolloutHeader,
  type RolloutIndexLine,
} from "./record.ts";

/** A group as a trainer has it. */
export interface RolloutGroup {
  readonly question: string;
  /** The rendered prompt. */
  readonly promptText: string;
  readonly label: string;
  readonly samples: readonly Omit<RecordedSample, "group" | "index">[];
}

/**
 * Keeps every sample of a training run: a file for each rollout and a line for it in the index. The file is whole before its
 * line is written. A resumed run gives up what came after its checkpoint, so that it ends up the same as an undisturbed one.
 */
export class RolloutRecorder {
  readonly #folder: string;
  readonly #index: NdjsonWriter;

  /** @param from the first rollout that will be recorded: what is there of it and of later ones is removed */
  constructor(folder: string, from: number) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
    for (const name of readdirSync(folder)) {
      const number = /^(\d+)\.ndjson/.exec(name)?.[1];
      if (number !== undefined && Number(number) >= from) rmSync(join(folder, name));
    }
    const path = join(folder, ROLLOUT_INDEX);
    const kept = linesBefore(path, from);
    rmSync(path, { force: true });
    this.#index = new NdjsonWriter(path);
    for (const line of kept) this.#index.append(line);
  }

  /** Memory: the text of the rollout's file. */
  async record(rollout: number, groups: readonly RolloutGroup[]): Promise<void> {
    const { header, body } = layOut(rollout, groups);
    const first = Buffer.from(`${JSON.stringify(header)}\n`);
    await writeFileAtomic(
      join(this.#folder, rolloutFile(rollout)),
      Buffer.concat([first, ...body]),
    );
    this.#index.append(summarise(header, first.length));
  }

  close(): void {
    this.#index.close();
  }
}

function linesBefore(path: string, from: number): RolloutIndexLine[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return [];
  }
  const whole = text.slice(0, text.lastIndexOf("\n") + 1).split("\n");
  return whole
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as RolloutIndexLine)
    .filter(({ rollout }) => rollout < from);
}

/** The header of a rollout's file and its further lines. */
export function layOut(
  rollout: number,
  groups: readonly RolloutGroup[],
): { readonly header: RolloutHeader; readonly body: Buffer[] } {
  const body: Buffer[] = [];
  const described = groups.map(({ question, promptText, label, samples }, group): RecordedGroup => {
    const lines = samples.map((sample, index) =>
      Buffer.from(`${JSON.stringify({ group, index, ...sample })}\n`),
    );
    body.push(...lines);
    return {
      group,
      prompt: promptName(promptText),
      question,
      promptText,
      label,
      rewards: samples.map(({ reward }) => reward),
      outcomes: samples.map(({ outcome }) => outcome),
      truncated: samples.map(({ truncated }) => truncated),
      lengths: samples.map(({ tokenIds, tokens }) => (tokenIds ?? tokens)?.length ?? null),
      bytes: lines.map(({ length }) => length),
    };
  });
  return { header: { version: 1, rollout, groups: described }, body };
}

/** Names a prompt by its text. */
export function promptName(promptText: string): string {
  return sha256(promptText).slice(0, 12);
}

/** The index's line of a rollout. */
export function summarise(
  { rollout, groups }: RolloutHeader,
  headerBytes: number,
): RolloutIndexLine {
  const rewards = groups.flatMap((group) => group.rewards);
  const lengths = groups.flatMap((group) => group.lengths).filter((length) => length !== null);
  const outcomes: Record<string, number> = {};
  for (const outcome of groups.flatMap((group) => group.outcomes))
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  const { mean, std } = spread(rewards);
  return {
    rollout,
    samples: rewards.length,
    meanReward: mean,
    stdReward: std,
    zeroStdGroups: groups.filter((group) => new Set(group.rewards).size <= 1).length,
    outcomes,
    truncated: groups.flatMap((group) => group.truncated).filter(Boolean).length,
    meanTokens: lengths.length === 0 ? null : spread(lengths).mean,
    headerBytes,
    prompts: groups.map(({ prompt }) => prompt),
  };
}

/** Mean and standard deviation (of the values themselves, not of what they were drawn from); 0 of nothing. */
export function spread(values: readonly number[]): { readonly mean: number; readonly std: number } {
  if (values.length === 0) return { mean: 0, std: 0 };
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, std: Math.sqrt(squares / values.length) };
}
