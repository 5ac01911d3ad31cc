import { UsageError, type Json } from "@moonlight-rl/core";
import {
  parseRowRange,
  readPromptRows,
  type PromptKeys,
  type PromptRow,
} from "@moonlight-rl/dataset";
import type { Tokenizer } from "@moonlight-rl/tokenizer";
import { z } from "zod";
import { MersenneTwister } from "./mersenne-twister.ts";

/** A prompt, ready for the policy. */
export interface Prompt {
  /** The rendered text. */
  readonly text: string;
  /** What a reader wants to see of it: the last message. */
  readonly question: string;
  readonly tokens: readonly number[];
  readonly label: Json;
  /** What the row says beside it, for the grader. */
  readonly metadata?: Json;
}

/** Reads and tokenises a prompt file or a slice of one (`FILE@[a:b]`). With the chat template, a plain text becomes one user message. */
export async function loadPrompts(
  file: string,
  keys: PromptKeys & { readonly applyChatTemplate: boolean },
  tokenizer: Tokenizer,
): Promise<Prompt[]> {
  const slice = parseRowRange(file);
  const rows = await readPromptRows(slice.file, keys, { range: slice.rows });
  return rows.map((row) => {
    const text = textOf(row, keys.applyChatTemplate, tokenizer);
    const question =
      typeof row.prompt === "string" ? row.prompt : (row.prompt.at(-1)?.content ?? "");
    const { label, metadata } = row;
    return {
      text,
      question,
      tokens: tokenizer.encode(text),
      label,
      ...(metadata === undefined ? {} : { metadata }),
    };
  });
}

/** The prompts of at most `limit` tokens (null: all). Throws `DATA_INVALID` when none is left. */
export function withinLength(
  prompts: readonly Prompt[],
  limit: number | null,
  field: string,
): readonly Prompt[] {
  if (limit === null) return prompts;
  const short = prompts.filter(({ tokens }) => tokens.length <= limit);
  if (short.length === 0) {
    throw new UsageError("DATA_INVALID", `No prompt has at most ${limit} tokens.`, {
      field,
      hint: "Raise the limit, or shorten the prompts.",
    });
  }
  return short;
}

function textOf({ prompt }: PromptRow, applyChatTemplate: boolean, tokenizer: Tokenizer): string {
  const messages = typeof prompt === "string" ? [{ role: "user", content: prompt }] : prompt;
  if (applyChatTemplate) return tokenizer.renderChat(messages, { addGenerationPrompt: true });
  return typeof prompt === "string" ? prompt : messages.map(({ content }) => content).join("\n");
}

export const cursorSchema = z.object({
  epoch: z.int().nonnegative(),
  /** Prompts of this epoch that were handed out. */
  offset: z.int().nonnegative(),
  /** Groups handed out so far. */
  groups: z.int().nonnegative(),
});
export type Cursor = z.output<typeof cursorSchema>;

/**
 * Hands out prompts in epochs. The order of an epoch is a function of (seed + epoch) and the number of prompts alone, the
 * same as the reference's (miles utils/data.py shuffle, rollout/data_source.py get_samples), so a cursor is all the state.
 */
export class PromptSource {
  readonly #prompts: readonly Prompt[];
  readonly #seed: number;
  readonly #shuffle: boolean;
  #cursor: Cursor;
  #order: readonly number[];

  constructor(
    prompts: readonly Prompt[],
    options: { readonly seed: number; readonly shuffle: boolean; readonly cursor?: Cursor },
  ) {
    this.#prompts = prompts;
    this.#seed = options.seed;
    this.#shuffle = options.shuffle;
    this.#cursor = options.cursor ?? { epoch: 0, offset: 0, groups: 0 };
    this.#order = this.#orderOf(this.#cursor.epoch);
  }

  get cursor(): Cursor {
    return this.#cursor;
  }

  /** The next `count` prompts; goes over into the next epoch as often as needed. */
  take(count: number): Prompt[] {
    const taken: Prompt[] = [];
    while (taken.length < count) {
      const { epoch, offset, groups } = this.#cursor;
      if (offset >= this.#prompts.length) {
        this.#cursor = { epoch: epoch + 1, offset: 0, groups };
        this.#order = this.#orderOf(epoch + 1);
        continue;
      }
      const indices = this.#order.slice(offset, offset + count - taken.length);
      taken.push(...indices.flatMap((index) => this.#prompts[index] ?? []));
      this.#cursor = { epoch, offset: offset + indices.length, groups: groups + indices.length };
    }
    return taken;
  }

  #orderOf(epoch: number): number[] {
    const order = this.#prompts.map((_, index) => index);
    return this.#shuffle ? new MersenneTwister(this.#seed + epoch).shuffle(order) : order;
  }
}
