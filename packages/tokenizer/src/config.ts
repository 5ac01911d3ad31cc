import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readJson } from "@moonlight-rl/core";
import { z } from "zod";

/** A token by its text, or as an added-token object. */
const token = z.union([
  z.string(),
  z.looseObject({ content: z.string() }).transform(({ content }) => content),
]);

const configSchema = z.looseObject({
  bos_token: token.nullish(),
  eos_token: token.nullish(),
  pad_token: token.nullish(),
  unk_token: token.nullish(),
  additional_special_tokens: z.array(token).nullish(),
  added_tokens_decoder: z
    .record(
      z.string().regex(/^\d{1,8}$/, "expected an id"),
      z.looseObject({ content: z.string().min(1), special: z.boolean().default(false) }),
    )
    .nullish(),
  /** One template, or named ones of which `default` is meant. */
  chat_template: z
    .union([z.string(), z.array(z.looseObject({ name: z.string(), template: z.string() }))])
    .nullish(),
});
export type TokenizerConfig = z.output<typeof configSchema>;

/** `tokenizer_config.json` of a model folder, validated. */
export async function readTokenizerConfig(file: string): Promise<TokenizerConfig> {
  return await readJson(file, configSchema, {
    what: "tokenizer_config.json",
    code: "TOKENIZER_INVALID",
  });
}

/** The jinja source of the chat template and where it stands; `chat_template.jinja` wins, as in transformers. */
export async function readChatTemplate(
  folder: string,
  config: TokenizerConfig,
): Promise<{ source: string; file: string } | undefined> {
  const own = join(folder, "chat_template.jinja");
  if (existsSync(own)) return { source: await readFile(own, "utf8"), file: own };
  const file = join(folder, "tokenizer_config.json");
  const { chat_template: template } = config;
  const source =
    typeof template === "string"
      ? template
      : template?.find(({ name }) => name === "default")?.template;
  return source === undefined ? undefined : { source, file };
}
