import type { AssetFile } from "../data/datasets.ts";
import { CHAT_TEMPLATE, DEFAULT_SYSTEM_PROMPT } from "./chat-template.ts";

/** Moonlight's special tokens; ids are their positions. */
const SPECIAL = [
  "[BOS]",
  "[EOS]",
  "[PAD]",
  "[UNK]",
  "<|im_system|>",
  "<|im_user|>",
  "<|im_assistant|>",
  "<|im_middle|>",
  "<|im_end|>",
] as const;

/** Text that is one token wherever it stands, so that the template costs few tokens. */
const PHRASES = [
  DEFAULT_SYSTEM_PROMPT,
  "system",
  "user",
  "assistant",
  "\\boxed{",
  " + ",
  " - ",
  " = ?",
] as const;

/** Then every printable ASCII character and the newline, one token each. */
const CHARACTERS = ["\n", ...Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i))];

/** Token ids run from 0 to VOCABULARY_SIZE - 1; the model's embedding may be padded beyond. */
export const VOCABULARY_SIZE = SPECIAL.length + PHRASES.length + CHARACTERS.length;

const REPOSITORY = "models/moonlight-rl/tiny-moonlight";

/** tokenizer.json, tokenizer_config.json and generation_config.json of the tiny model. */
export function tokenizerFiles(): AssetFile[] {
  const id = (token: string): number => ([...SPECIAL, ...PHRASES] as string[]).indexOf(token);
  const added = [...SPECIAL, ...PHRASES].map((content, i) => ({
    id: i,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: i < SPECIAL.length,
  }));
  const vocabulary = Object.fromEntries(
    [...SPECIAL, ...PHRASES, ...CHARACTERS].map((token, i) => [token, i]),
  );
  const tokenizer = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: { type: "Fuse" },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: "[UNK]",
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: vocabulary,
      merges: [],
    },
  };
  const config = {
    tokenizer_class: "PreTrainedTokenizerFast",
    added_tokens_decoder: Object.fromEntries(
      added.map(({ id: tokenId, ...token }) => [String(tokenId), token]),
    ),
    additional_special_tokens: SPECIAL.slice(4),
    bos_token: "[BOS]",
    eos_token: "<|im_end|>",
    pad_token: "[PAD]",
    unk_token: "[UNK]",
    clean_up_tokenization_spaces: false,
    model_max_length: 128,
    chat_template: CHAT_TEMPLATE,
  };
  const generation = {
    bos_token_id: id("[BOS]"),
    eos_token_id: id("<|im_end|>"),
    pad_token_id: id("[PAD]"),
    max_length: 128,
  };
  return [
    { path: `${REPOSITORY}/tokenizer.json`, content: pretty(tokenizer) },
    { path: `${REPOSITORY}/tokenizer_config.json`, content: pretty(config) },
    { path: `${REPOSITORY}/generation_config.json`, content: pretty(generation) },
  ];
}

function pretty(value: unknown): string {
  return JSON.stringify(value, null, 2) + "\n";
}
