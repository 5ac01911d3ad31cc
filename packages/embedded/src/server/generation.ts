/** What the service generates for one prompt. */
export interface GenerationRequest {
  /** Token ids, at least one. */
  readonly prompt: readonly number[];
  /** Which of a caller's prompts this is; equal prompts with different numbers draw differently. */
  readonly promptIndex: number;
  /** Samples; the prompt is read once for all. */
  readonly n: number;
  /** 0: greedy. */
  readonly temperature: number;
  /** In (0, 1]; 1 keeps everything. */
  readonly topP: number;
  /** 0 or less: no limit. */
  readonly topK: number;
  /** 0 generates nothing: for scoring a prompt. */
  readonly maxNewTokens: number;
  /** A sample ends with any of these. */
  readonly stopTokenIds: readonly number[];
  /** Sample i is the one that `Sampler.generate` gives for (seed, promptIndex, i). */
  readonly seed: number;
  /** How many of the most probable tokens are reported at each place. */
  readonly topLogProbs: number;
  /** Whether the prompt's own tokens are scored. */
  readonly promptLogProbs: boolean;
}

/** A token's log-prob under the distribution that sampling starts from: temperature applied, before top-p and top-k. */
export interface TokenLogProb {
  readonly token: number;
  readonly logProb: number;
}

export interface ScoredToken extends TokenLogProb {
  /** The most probable tokens at this place, as many as were asked for. */
  readonly top: readonly TokenLogProb[];
}

/** The prompt's tokens but the first, which nothing precedes. */
export interface PromptEvent {
  readonly kind: "prompt";
  readonly tokens: readonly ScoredToken[];
}

/** One more token of a sample. */
export interface TokenEvent extends ScoredToken {
  readonly kind: "token";
  readonly sample: number;
  /** Set on the last token: a stop token, or as many tokens as asked for. */
  readonly finish?: "stop" | "length";
}

export type GenerationEvent = PromptEvent | TokenEvent;
