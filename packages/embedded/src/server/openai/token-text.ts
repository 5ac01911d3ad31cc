import type { Tokenizer } from "@moonlight-rl/tokenizer";
import type { ScoredToken, TokenLogProb } from "../generation.ts";

/** A token by itself. Bytes that are part of a character show as U+FFFD. */
export function tokenText(tokenizer: Tokenizer, token: number): string {
  return tokenizer.decode([token]);
}

interface ChatLogProb {
  readonly token: string;
  readonly logprob: number;
  /** null where the token is a part of a character. */
  readonly bytes: readonly number[] | null;
}

/** One place of a chat response's `logprobs.content`. */
export function chatLogProb(
  tokenizer: Tokenizer,
  scored: ScoredToken,
): ChatLogProb & { readonly top_logprobs: readonly ChatLogProb[] } {
  const one = ({ token, logProb }: TokenLogProb): ChatLogProb => {
    const text = tokenText(tokenizer, token);
    return {
      token: text,
      logprob: logProb,
      bytes: text.includes("\uFFFD") ? null : [...Buffer.from(text)],
    };
  };
  return { ...one(scored), top_logprobs: scored.top.map(one) };
}

export interface CompletionLogProbs {
  readonly tokens: string[];
  /** null for the first token of an echoed prompt. */
  readonly token_logprobs: (number | null)[];
  readonly top_logprobs: (Record<string, number> | null)[];
  readonly text_offset: number[];
}

/** `logprobs` of a completion: one entry per token, offsets count from `offset` on. */
export function completionLogProbs(
  tokenizer: Tokenizer,
  scored: readonly (ScoredToken | { readonly token: number })[],
  offset: number,
): CompletionLogProbs {
  const tokens = scored.map(({ token }) => tokenText(tokenizer, token));
  let at = offset;
  return {
    tokens,
    token_logprobs: scored.map((token) => ("logProb" in token ? token.logProb : null)),
    top_logprobs: scored.map((token) =>
      "top" in token
        ? Object.fromEntries(
            // The chosen token is always there, and of several with one text the most probable one.
            [...token.top, token]
              .toReversed()
              .map(({ token: id, logProb }) => [tokenText(tokenizer, id), logProb]),
          )
        : null,
    ),
    text_offset: tokens.map((text) => {
      const here = at;
      at += text.length;
      return here;
    }),
  };
}
