import type { Tokenizer } from "@moonlight-rl/tokenizer";
import type { Finish, ResponseStep } from "../completion.ts";
import type { ScoredToken, TokenLogProb } from "../generation.ts";
import type { GenerateBody } from "./generate-schema.ts";

type Entry = readonly [logProb: number | null, token: number, text: string | null];

/** One response of `/generate`, as it stands. */
export class GenerateResponse {
  readonly #tokenizer: Tokenizer;
  readonly #body: GenerateBody;
  readonly #id: string;
  readonly #prompt: readonly number[];
  readonly #started = performance.now();
  readonly #tokens: ScoredToken[] = [];
  #text = "";
  #finish: Finish | undefined;

  constructor(tokenizer: Tokenizer, body: GenerateBody, id: string, prompt: readonly number[]) {
    this.#tokenizer = tokenizer;
    this.#body = body;
    this.#id = id;
    this.#prompt = prompt;
  }

  take(step: ResponseStep): void {
    this.#tokens.push(...step.tokens);
    this.#text += step.text;
    this.#finish = step.finish;
  }

  /** Text and tokens from the beginning, as SGLang's streams repeat them. */
  toJson(scoredPrompt: readonly ScoredToken[] | undefined): unknown {
    return {
      text: this.#text,
      output_ids: this.#tokens.map(({ token }) => token),
      meta_info: {
        id: this.#id,
        finish_reason: this.#finishReason(),
        prompt_tokens: this.#prompt.length,
        completion_tokens: this.#tokens.length,
        cached_tokens: 0,
        e2e_latency: (performance.now() - this.#started) / 1000,
        ...(this.#body.return_logprob === true ? this.#logProbs(scoredPrompt) : {}),
      },
    };
  }

  #finishReason(): unknown {
    const finish = this.#finish;
    if (finish === undefined) return null;
    if (finish.kind === "stop") return { type: "stop", matched: finish.matched };
    if (finish.kind === "length") return { type: "length", length: this.#tokens.length };
    return { type: "abort", message: "Aborted" };
  }

  #logProbs(scoredPrompt: readonly ScoredToken[] | undefined): object {
    const withTop = (this.#body.top_logprobs_num ?? 0) > 0;
    const top = (scored: readonly ScoredToken[]): unknown[] =>
      scored.map((token) => token.top.map((one) => this.#entry(one)));
    const start = this.#body.logprob_start_len ?? -1;
    const input = start === -1 ? [] : (scoredPrompt ?? []).slice(Math.max(start - 1, 0));
    // Nothing precedes the first token of a prompt.
    const first =
      start === 0
        ? [[null, this.#prompt[0] as number, this.#textOf(this.#prompt[0] as number)]]
        : [];
    return {
      input_token_logprobs: [...first, ...input.map((token) => this.#entry(token))],
      output_token_logprobs: this.#tokens.map((token) => this.#entry(token)),
      ...(withTop
        ? {
            input_top_logprobs: [...first.map(() => null), ...top(input)],
            output_top_logprobs: top(this.#tokens),
          }
        : {}),
    };
  }

  #entry({ token, logProb }: TokenLogProb): Entry {
    return [logProb, token, this.#textOf(token)];
  }

  #textOf(token: number): string | null {
    return this.#body.return_text_in_logprobs === true ? this.#tokenizer.decode([token]) : null;
  }
}
