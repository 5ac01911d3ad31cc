import { Tokenizer as HuggingFaceTokenizer } from "@huggingface/tokenizers";
import { PreflightError, UsageError } from "@moonlight-rl/core";
import { ChatTemplate, type ChatMessage, type RenderOptions } from "./chat.ts";
import { readTokenizerFiles } from "./files.ts";

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

/** Loads `tokenizer.json` and `tokenizer_config.json` from a model folder. */
export async function loadTokenizer(folder: string): Promise<Tokenizer> {
  const { tokenizer: json, config, configFile, vocabulary } = await readTokenizerFiles(folder);
  const known = new Set(vocabulary.values());
  let vocabSize = 0;
  for (const id of known) vocabSize = Math.max(vocabSize, id + 1);
  const inner = construct(json, config, folder);
  const idOf = (token: string | null | undefined): number | undefined =>
    token === null || token === undefined ? undefined : vocabulary.get(token);
  const stopTokenIds = [
    ...new Set([idOf(config.eos_token), idOf(END_OF_MESSAGE)].filter((id) => id !== undefined)),
  ];
  if (stopTokenIds.length === 0) {
    throw new UsageError(
      "TOKENIZER_INVALID",
      "tokenizer_config.json names no eos_token that is in the vocabulary.",
      { file: configFile, field: "eos_token" },
    );
  }
  const specials = Object.fromEntries(
    (["bos_token", "eos_token", "pad_token", "unk_token"] as const).flatMap((name) =>
      typeof config[name] === "string" ? [[name, config[name]]] : [],
    ),
  );
  const template =
    typeof config.chat_template === "string"
      ? new ChatTemplate(config.chat_template, specials, configFile)
      : undefined;

  const encode = (text: string): number[] => inner.encode(text, { add_special_tokens: false }).ids;
  const renderChat = (messages: readonly ChatMessage[], options: RenderOptions = {}): string => {
    if (template === undefined) {
      throw new UsageError("CHAT_TEMPLATE_MISSING", "The tokenizer has no chat template.", {
        file: configFile,
        field: "chat_template",
      });
    }
    return template.render(messages, options);
  };
  return {
    vocabSize,
    stopTokenIds,
    padTokenId: idOf(config.pad_token) ?? stopTokenIds[0] ?? 0,
    encode,
    decode: (ids, options = {}) => {
      const tokens = ids.filter((id) => known.has(id));
      if (tokens.length === 0) return "";
      return inner.decode(tokens, {
        skip_special_tokens: options.skipSpecialTokens ?? false,
        clean_up_tokenization_spaces: false,
      });
    },
    renderChat,
    encodeChat: (messages) => encode(renderChat(messages, { addGenerationPrompt: true })),
  };
}

function construct(json: object, config: object, folder: string): HuggingFaceTokenizer {
  try {
    return new HuggingFaceTokenizer(json, config);
  } catch (cause) {
    throw new PreflightError(
      "TOKENIZER_UNSUPPORTED",
      `The tokenizer in ${folder} has a part that is not supported: ${String(cause)}`,
      { file: `${folder}/tokenizer.json`, cause },
    );
  }
}
