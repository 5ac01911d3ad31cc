import { randomInt } from "node:crypto";
import type { z } from "zod";
import type { CompletionRequest, Engine } from "../completion.ts";
import { HttpFailure } from "../http/http-failure.ts";
import type { samplingFields } from "./sampling-schema.ts";

export type SamplingFields = {
  readonly [K in keyof typeof samplingFields]?: z.output<(typeof samplingFields)[K]>;
};

/** The smallest nucleus: the most probable token. */
const LEAST_TOP_P = 2 ** -149;

/** The settings that completions and chat have in common. */
export function samplingSettings(
  { tokenizer }: Engine,
  body: SamplingFields,
): Pick<
  CompletionRequest,
  "n" | "temperature" | "topP" | "topK" | "seed" | "stop" | "skipSpecialTokens" | "keepStop"
> & { readonly stopTokenIds: readonly number[] } {
  const { stop } = body;
  return {
    n: body.n ?? 1,
    temperature: body.temperature ?? 1,
    topP: Math.max(body.top_p ?? 1, LEAST_TOP_P),
    topK: body.top_k ?? 0,
    seed: body.seed ?? freshSeed(),
    stop: typeof stop === "string" ? [stop] : (stop ?? []),
    stopTokenIds: [
      ...(body.ignore_eos === true ? [] : tokenizer.stopTokenIds),
      ...(body.stop_token_ids ?? []),
    ],
    skipSpecialTokens: body.skip_special_tokens ?? true,
    keepStop: false,
  };
}

export function freshSeed(): number {
  return randomInt(2 ** 32);
}

/** Throws 404 for a model that is not the one served. */
export function assertModel(served: string, asked: string | null | undefined): void {
  if (asked == null || asked === served) return;
  throw new HttpFailure(404, `The model ${asked} does not exist; served is ${served}.`, {
    param: "model",
    code: "model_not_found",
  });
}

/** A text's tokens. Throws 400 when it cannot fit, before time goes into reading it. */
export function encodePrompt(
  { tokenizer, service }: Engine,
  text: string,
  field: string,
): number[] {
  // No token of a vocabulary stands for more characters than this.
  if (text.length <= service.contextLength * 512) return tokenizer.encode(text);
  throw new HttpFailure(
    400,
    `${field}: ${text.length} characters exceed the context of ${service.contextLength} tokens`,
    { param: field, code: "context_length_exceeded" },
  );
}
