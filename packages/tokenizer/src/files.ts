import { existsSync } from "node:fs";
import { join } from "node:path";
import { PreflightError, readJson, UsageError } from "@moonlight-rl/core";
import { z } from "zod";

/** A token by its text, or as an added-token object. */
const token = z.union([
  z.string(),
  z.looseObject({ content: z.string() }).transform(({ content }) => content),
]);

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

const configSchema = z.looseObject({
  bos_token: token.nullish(),
  eos_token: token.nullish(),
  pad_token: token.nullish(),
  unk_token: token.nullish(),
  chat_template: z.string().nullish(),
});
export type TokenizerConfig = z.output<typeof configSchema>;

export interface TokenizerFiles {
  readonly tokenizer: TokenizerJson;
  readonly config: TokenizerConfig;
  readonly configFile: string;
  /** Id of every token, added ones included. */
  readonly vocabulary: ReadonlyMap<string, number>;
}

/** The tokenizer's two files, validated. */
export async function readTokenizerFiles(folder: string): Promise<TokenizerFiles> {
  const file = join(folder, "tokenizer.json");
  const configFile = join(folder, "tokenizer_config.json");
  if (!existsSync(file)) throw missing(folder, file);
  const tokenizer = await readJson(file, tokenizerSchema, {
    what: "tokenizer.json",
    code: "TOKENIZER_INVALID",
  });
  const config = await readJson(configFile, configSchema, {
    what: "tokenizer_config.json",
    code: "TOKENIZER_INVALID",
  });
  return { tokenizer, config, configFile, vocabulary: vocabularyOf(tokenizer, file) };
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

function missing(folder: string, file: string): PreflightError {
  if (existsSync(join(folder, "tiktoken.model"))) {
    return new PreflightError(
      "TOKENIZER_UNSUPPORTED",
      `${folder} has a tiktoken vocabulary and no tokenizer.json.`,
      {
        file: join(folder, "tiktoken.model"),
        hint: "Moonlight-16B-A3B ships tiktoken.model with Python code of its own, which this version cannot read and never executes. Fetching, converting and rendering the recipe do not need the tokenizer.",
      },
    );
  }
  return new PreflightError("TOKENIZER_MISSING", `${folder} has no tokenizer.json.`, {
    file,
    hint: "Fetch the model with its tokenizer files, or name the folder that holds them.",
  });
}
