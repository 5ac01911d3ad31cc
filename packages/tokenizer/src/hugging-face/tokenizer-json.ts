import { readJson, UsageError } from "@moonlight-rl/core";
import { z } from "zod";

/** Far above any vocabulary, so that a wild id cannot become the size of an array. */
const id = z.int().min(0).max(0xff_ff_ff);

/** A pair of tokens to join, as a list or, in older files, with a space between. */
const merge = z.union([
  z.tuple([z.string(), z.string()]),
  z.string().regex(/^[^ ]+ [^ ]+$/, "expected two tokens with one space between"),
]);

const tokenizerSchema = z.looseObject({
  added_tokens: z
    .array(z.looseObject({ id, content: z.string(), special: z.boolean() }))
    .default([]),
  model: z.looseObject({
    type: z.literal("BPE", "only BPE is supported"),
    vocab: z.record(z.string(), id),
    merges: z.array(merge),
  }),
});
export type TokenizerJson = z.output<typeof tokenizerSchema>;

export interface TokenizerFile {
  readonly json: TokenizerJson;
  /** Id of every token, added ones included. */
  readonly vocabulary: ReadonlyMap<string, number>;
}

/** `tokenizer.json`, validated. */
export async function readTokenizerJson(file: string): Promise<TokenizerFile> {
  const json = await readJson(file, tokenizerSchema, {
    what: "tokenizer.json",
    code: "TOKENIZER_INVALID",
  });
  return { json, vocabulary: vocabularyOf(json, file) };
}

/** What the shape alone does not say: one token per id, and merges of tokens that exist. */
function vocabularyOf({ added_tokens: added, model }: TokenizerJson, file: string) {
  const invalid = (what: string, field: string): UsageError =>
    new UsageError("TOKENIZER_INVALID", `tokenizer.json: ${what}.`, { file, field });
  const vocabulary = new Map(Object.entries(model.vocab));
  for (const { content, id } of added) vocabulary.set(content, id);
  const owner = new Map<number, string>();
  for (const [token, id] of vocabulary) {
    const other = owner.get(id);
    if (other !== undefined)
      throw invalid(
        `${JSON.stringify(other)} and ${JSON.stringify(token)} share id ${id}`,
        "model.vocab",
      );
    owner.set(id, token);
  }
  for (const [index, pair] of model.merges.entries()) {
    const [left = "", right = ""] = typeof pair === "string" ? pair.split(" ") : pair;
    const missing = [left, right, left + right].find((token) => !Object.hasOwn(model.vocab, token));
    if (missing !== undefined)
      throw invalid(`${JSON.stringify(missing)} is not in the vocabulary`, `model.merges.${index}`);
  }
  return vocabulary;
}
