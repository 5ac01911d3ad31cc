import { z } from "zod";

const count = z.number().int().positive();

/** What a side of the bench is asked to do once; its time is the answer. */
export const commandSchema = z.discriminatedUnion("op", [
  /** `batch` different prompts, one sample of `tokens` tokens each. */
  z.strictObject({ op: z.literal("generate"), batch: count, tokens: count }),
  /** The same by a decoder made for speed; PyTorch's side only. */
  z.strictObject({ op: z.literal("decode"), batch: count, tokens: count }),
  /** An optimizer step on prompts × samples; with one sample per prompt every token is a target. */
  z.strictObject({ op: z.literal("step"), prompts: count, samples: count, response: count }),
  /** 512 samples of 64 prompts, their rewards, and four optimizer steps on them. */
  z.strictObject({ op: z.literal("iteration") }),
]);
export type Command = z.output<typeof commandSchema>;

export const answerSchema = z.union([
  z.strictObject({ seconds: z.number().positive() }),
  /** The first line: what runs there. */
  z.record(z.string(), z.string()),
]);

/** Tokens of every prompt. */
export const PROMPT_TOKENS = 18;
