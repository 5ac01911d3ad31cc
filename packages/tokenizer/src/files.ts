import { existsSync } from "node:fs";
import { join } from "node:path";
import { PreflightError, readJson } from "@moonlight-rl/core";
import { z } from "zod";

/** A token by its text, or as an added-token object. */
const token = z.union([
  z.string(),
  z.looseObject({ content: z.string() }).transform(({ content }) => content),
]);

const tokenizerSchema = z.looseObject({
  added_tokens: z
    .array(z.looseObject({ id: z.int().nonnegative(), content: z.string(), special: z.boolean() }))
    .default([]),
  model: z.looseObject({ type: z.string(), vocab: z.record(z.string(), z.int().nonnegative()) }),
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

/** The tokenizer's two files, validated. `model.vocab` must be a BPE or WordPiece table. */
export async function readTokenizerFiles(
  folder: string,
): Promise<{ tokenizer: TokenizerJson; config: TokenizerConfig; configFile: string }> {
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
  return { tokenizer, config, configFile };
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
