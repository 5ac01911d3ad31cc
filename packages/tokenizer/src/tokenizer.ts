import { existsSync } from "node:fs";
import { join } from "node:path";
import { PreflightError, UsageError } from "@moonlight-rl/core";
import { ChatTemplate, type ChatMessage, type RenderOptions } from "./chat.ts";
import type { Codec } from "./codec.ts";
import { readChatTemplate, readTokenizerConfig, type TokenizerConfig } from "./config.ts";
import { huggingFaceCodec } from "./hugging-face/codec.ts";
import { tiktokenCodec } from "./tiktoken/codec.ts";

/** Text ⇄ token ids, and conversations → text, of one model folder. */
export interface Tokenizer {
  /** Ids run from 0 to `vocabSize - 1`; a model's embedding may be padded beyond. */
  readonly vocabSize: number;
  /** Ids that end a response: the end-of-sequence token and the end of a chat message. */
  readonly stopTokenIds: readonly number[];
  readonly padTokenId: number;
  /** Token ids of a text; no special token is added, those written in the text are recognised. */
  encode(text: string): number[];
  /** Text of token ids; ids that no token has (an embedding's padding) are left out, as transformers does. */
  decode(ids: readonly number[], options?: { readonly skipSpecialTokens?: boolean }): string;
  renderChat(messages: readonly ChatMessage[], options?: RenderOptions): string;
  /** Token ids of a conversation up to where the assistant's answer begins. */
  encodeChat(messages: readonly ChatMessage[]): number[];
}

/** The token that ends a chat message in Moonlight's format. */
const END_OF_MESSAGE = "<|im_end|>";

/** Loads `tokenizer.json`, else `tiktoken.model`, with `tokenizer_config.json` from a model folder. */
export async function loadTokenizer(folder: string): Promise<Tokenizer> {
  const vocabulary = vocabularyOf(folder);
  const configFile = join(folder, "tokenizer_config.json");
  const config = await readTokenizerConfig(configFile);
  const codec = await vocabulary(folder, config);
  const stopTokenIds = stopTokens(codec, config, configFile);
  const encode = (text: string): number[] => codec.encode(text);
  const renderChat = await chatRenderer(folder, config, configFile);
  return {
    vocabSize: codec.vocabSize,
    stopTokenIds,
    padTokenId: codec.idOf(config.pad_token ?? "") ?? stopTokenIds[0] ?? 0,
    encode,
    decode: (ids, options = {}) => codec.decode(ids, options.skipSpecialTokens ?? false),
    renderChat,
    encodeChat: (messages) => encode(renderChat(messages, { addGenerationPrompt: true })),
  };
}

function vocabularyOf(folder: string): (folder: string, config: TokenizerConfig) => Promise<Codec> {
  const file = join(folder, "tokenizer.json");
  if (existsSync(file)) return huggingFaceCodec;
  if (existsSync(join(folder, "tiktoken.model"))) return tiktokenCodec;
  throw new PreflightError(
    "TOKENIZER_MISSING",
    `${folder} has neither tokenizer.json nor tiktoken.model.`,
    { file, hint: "Fetch the model with its tokenizer files, or name the folder that holds them." },
  );
}

function stopTokens(codec: Codec, config: TokenizerConfig, file: string): number[] {
  const ids = [config.eos_token ?? "", END_OF_MESSAGE].flatMap((token) => codec.idOf(token) ?? []);
  if (ids.length > 0) return [...new Set(ids)];
  throw new UsageError(
    "TOKENIZER_INVALID",
    "tokenizer_config.json names no eos_token that is in the vocabulary.",
    { file, field: "eos_token" },
  );
}

async function chatRenderer(
  folder: string,
  config: TokenizerConfig,
  configFile: string,
): Promise<Tokenizer["renderChat"]> {
  const found = await readChatTemplate(folder, config);
  if (found === undefined)
    return () => {
      throw new UsageError("CHAT_TEMPLATE_MISSING", "The tokenizer has no chat template.", {
        file: configFile,
        field: "chat_template",
      });
    };
  const specials = Object.fromEntries(
    (["bos_token", "eos_token", "pad_token", "unk_token"] as const).flatMap((name) =>
      typeof config[name] === "string" ? [[name, config[name]]] : [],
    ),
  );
  const template = new ChatTemplate(found.source, specials, found.file);
  return (messages, options = {}) => template.render(messages, options);
}
