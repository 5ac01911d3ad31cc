import type { Tokenizer } from "@moonlight-rl/tokenizer";

export interface TextSettings {
  /** Texts that end a response; the earliest place wins. */
  readonly stop: readonly string[];
  readonly skipSpecialTokens: boolean;
  /** Whether the stop text, or the stop token's text, belongs to the response. */
  readonly keepStop: boolean;
}

/** Stands for bytes that are no character, and so for a character whose bytes are not complete. */
const REPLACEMENT = "\uFFFD";

/**
 * Turns the tokens of one response into text as they come. What is given out is never taken back: bytes of an unfinished
 * character and the beginning of a possible stop text wait. All parts together are `decode` of all tokens, up to the stop.
 */
export class ResponseText {
  readonly #tokenizer: Pick<Tokenizer, "decode">;
  readonly #settings: TextSettings;
  /** Tokens whose text is not known yet. */
  #pending: number[] = [];
  /** Text that may be the beginning of a stop text. */
  #held = "";
  #stoppedBy: string | undefined;

  constructor(tokenizer: Pick<Tokenizer, "decode">, settings: TextSettings) {
    this.#tokenizer = tokenizer;
    this.#settings = settings;
  }

  /** The stop text that was found; nothing follows it. */
  get stoppedBy(): string | undefined {
    return this.#stoppedBy;
  }

  /** Takes a token and gives the text that is certain now. */
  push(token: number): string {
    this.#pending.push(token);
    const text = this.#decode();
    if (text.endsWith(REPLACEMENT)) return "";
    this.#pending = [];
    return this.#release(text);
  }

  /** Gives all that was held back, when no more tokens come. */
  end(): string {
    const text = this.#release(this.#decode());
    this.#pending = [];
    const rest = this.#stoppedBy === undefined ? this.#held : "";
    this.#held = "";
    return text + rest;
  }

  #decode(): string {
    const { skipSpecialTokens } = this.#settings;
    return this.#tokenizer.decode(this.#pending, { skipSpecialTokens });
  }

  #release(more: string): string {
    if (this.#stoppedBy !== undefined) return "";
    const text = this.#held + more;
    const found = earliest(text, this.#settings.stop);
    if (found !== undefined) {
      this.#stoppedBy = found.stop;
      this.#held = "";
      return text.slice(0, found.at + (this.#settings.keepStop ? found.stop.length : 0));
    }
    const certain = text.length - possibleStart(text, this.#settings.stop);
    this.#held = text.slice(certain);
    return text.slice(0, certain);
  }
}

function earliest(
  text: string,
  stops: readonly string[],
): { readonly at: number; readonly stop: string } | undefined {
  let best: { at: number; stop: string } | undefined;
  for (const stop of stops) {
    const at = text.indexOf(stop);
    if (at !== -1 && (best === undefined || at < best.at)) best = { at, stop };
  }
  return best;
}

/** Length of the longest end of the text that a stop text begins with. */
function possibleStart(text: string, stops: readonly string[]): number {
  let longest = 0;
  for (const stop of stops) {
    for (let length = Math.min(stop.length - 1, text.length); length > longest; length--) {
      if (text.endsWith(stop.slice(0, length))) longest = length;
    }
  }
  return longest;
}
