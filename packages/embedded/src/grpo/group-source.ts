import { VerificationError } from "@moonlight-rl/core";
import { freshGroup, resumedGroup, type PendingGroup, type StoredGroup } from "./pending-group.ts";
import type { Cursor, Prompt, PromptSource } from "./prompt-source.ts";

/** Where a run of rollouts stands with its prompts: everything that the next rollout depends on beside the weights. */
export interface GroupSourceState {
  readonly cursor: Cursor;
  readonly buffer: readonly StoredGroup[];
}

/**
 * Hands out groups: first those that earlier rollouts gave back, oldest first, then fresh ones (miles
 * rollout/data_source.py RolloutDataSourceWithBuffer; unlike there, the buffer is part of the saved state).
 */
export class GroupSource {
  readonly #prompts: readonly Prompt[];
  readonly #source: PromptSource;
  readonly #samples: number;
  readonly #maskOffPolicy: boolean;
  #buffer: PendingGroup[];

  constructor(
    prompts: readonly Prompt[],
    source: PromptSource,
    options: {
      readonly nSamplesPerPrompt: number;
      readonly maskOffPolicy: boolean;
      readonly buffer?: readonly StoredGroup[];
    },
  ) {
    this.#prompts = prompts;
    this.#source = source;
    this.#samples = options.nSamplesPerPrompt;
    this.#maskOffPolicy = options.maskOffPolicy;
    this.#buffer = (options.buffer ?? []).map((stored) => this.#restored(stored));
  }

  /** Prompts taken from the data so far. */
  get promptsTaken(): number {
    return this.#source.cursor.groups;
  }

  get state(): GroupSourceState {
    return {
      cursor: this.#source.cursor,
      buffer: this.#buffer.map(({ prompt, index, samples }) => ({
        prompt: this.#prompts.indexOf(prompt),
        index,
        samples: [...samples],
      })),
    };
  }

  take(count: number): PendingGroup[] {
    const begun = this.#buffer.splice(0, count);
    const first = this.promptsTaken;
    const fresh = this.#source
      .take(count - begun.length)
      .map((prompt, i) => freshGroup(prompt, first + i, this.#samples));
    return [...begun.map((group) => resumedGroup(group, this.#maskOffPolicy)), ...fresh];
  }

  giveBack(groups: readonly PendingGroup[]): void {
    this.#buffer.push(...groups);
  }

  #restored({ prompt: at, index, samples }: StoredGroup): PendingGroup {
    const prompt = this.#prompts[at];
    if (prompt === undefined) {
      throw new VerificationError(
        "CHECKPOINT_STATE",
        `The checkpoint has begun on prompt ${at}, but there are ${this.#prompts.length}.`,
        { hint: "Resume with the prompt file that the run began with." },
      );
    }
    return { prompt, index, samples };
  }
}
