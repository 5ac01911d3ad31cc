/** Text ⇄ ids of one vocabulary; what `Tokenizer` adds are chat templates and the meaning of some tokens. */
export interface Codec {
  /** Highest id + 1. */
  readonly vocabSize: number;
  /** Id of a token by its text, special ones included. */
  idOf(token: string): number | undefined;
  /** No special token is added; those that stand in the text are recognised. */
  encode(text: string): number[];
  /** Ids that no token has are left out. */
  decode(ids: readonly number[], skipSpecialTokens: boolean): string;
}
