import { join } from "node:path";
import { Tokenizer } from "@huggingface/tokenizers";
import { PreflightError } from "@moonlight-rl/core";
import type { Codec } from "../codec.ts";
import type { TokenizerConfig } from "../config.ts";
import { readTokenizerJson } from "./tokenizer-json.ts";

/** A `tokenizer.json` of kind BPE. */
export async function huggingFaceCodec(folder: string, config: TokenizerConfig): Promise<Codec> {
  const file = join(folder, "tokenizer.json");
  const { json, vocabulary } = await readTokenizerJson(file);
  const inner = construct(json, config, file);
  const known = new Set(vocabulary.values());
  let vocabSize = 0;
  for (const id of known) vocabSize = Math.max(vocabSize, id + 1);
  return {
    vocabSize,
    idOf: (token) => vocabulary.get(token),
    encode: (text) => inner.encode(text, { add_special_tokens: false }).ids,
    decode: (ids, skipSpecialTokens) => {
      const tokens = ids.filter((id) => known.has(id));
      if (tokens.length === 0) return "";
      return inner.decode(tokens, {
        skip_special_tokens: skipSpecialTokens,
        clean_up_tokenization_spaces: false,
      });
    },
  };
}

function construct(json: object, config: object, file: string): Tokenizer {
  try {
    return new Tokenizer(json, config);
  } catch (cause) {
    throw new PreflightError(
      "TOKENIZER_UNSUPPORTED",
      `${file} has a part that is not supported: ${String(cause)}`,
      { file, cause },
    );
  }
}
