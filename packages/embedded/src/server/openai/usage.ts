export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
}

/** A prompt counts once, however many responses it has; stop tokens count as generated. */
export function usage(prompts: readonly (readonly number[])[], generated: number): Usage {
  const prompt = prompts.reduce((sum, { length }) => sum + length, 0);
  return {
    prompt_tokens: prompt,
    completion_tokens: generated,
    total_tokens: prompt + generated,
  };
}
