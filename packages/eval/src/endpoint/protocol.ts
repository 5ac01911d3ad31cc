import type { Json } from "@moonlight-rl/core";
import type { RowMessage } from "@moonlight-rl/dataset";

/** One sample as a protocol sends it. */
export interface Ask {
  readonly messages: readonly RowMessage[];
  /** The rendered prompt, where we render it. */
  readonly text: string;
  /** Its token ids, where we have the tokenizer. */
  readonly ids: readonly number[] | undefined;
  /** What ends a response, where we have the tokenizer. */
  readonly stopTokenIds: readonly number[] | undefined;
  readonly temperature: number;
  readonly topP: number;
  /** −1 = all tokens. */
  readonly topK: number;
  readonly maxTokens: number;
  readonly seed: number | undefined;
  readonly model: string | undefined;
  readonly extra: Readonly<Record<string, Json>>;
}

/** What a protocol reads from an answer. */
export interface Reply {
  readonly text: string;
  readonly reasoning: string | undefined;
  /** The server's word for why the response ended; null where it says nothing. */
  readonly finishReason: string | null;
  readonly tokens: number | undefined;
}

/** How one of the APIs is spoken. */
export interface Protocol {
  body(ask: Ask): Record<string, unknown>;
  /** Throws a ZodError for what is no answer of this API. */
  reply(json: unknown): Reply;
}
