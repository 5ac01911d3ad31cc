import { existsSync } from "node:fs";
import { join } from "node:path";
import { hashFile, isMoonlightError, VerificationError, type Emit } from "@moonlight-rl/core";
import { loadTokenizer, type Tokenizer } from "@moonlight-rl/tokenizer";

/** A tokenizer that was tried out, and which one it is. */
export interface CheckedTokenizer {
  readonly tokenizer: Tokenizer;
  /** sha256 of its vocabulary file. */
  readonly digest: string;
}

/** Files that a tokenizer's vocabulary can be in, the one that is read first. */
export const VOCABULARIES = ["tokenizer.json", "tiktoken.model"];

const KNOWN_CHAT = [
  { role: "system", content: "You are a helpful assistant." },
  { role: "user", content: "What is 12 + 30? Answer in one word." },
];

/** The one place that opens a model folder's tokenizer. */
async function openTokenizer(folder: string): Promise<Tokenizer> {
  return await loadTokenizer(folder);
}

/**
 * Opens a model's tokenizer and tries it out: a known conversation must render and come back from its token ids, and every
 * id must have a row in the embedding. What this version cannot read is a warning; what is broken is an error.
 *
 * Errors: `TOKENIZER_ROUNDTRIP`, `TOKENIZER_VOCABULARY`, and those of `loadTokenizer`.
 */
export async function checkTokenizer(
  folder: string,
  rows: number,
  emit: Emit,
): Promise<CheckedTokenizer | undefined> {
  const file = VOCABULARIES.map((name) => join(folder, name)).find((path) => existsSync(path));
  if (file === undefined) {
    emit({
      type: "warning",
      code: "MODEL_WITHOUT_TOKENIZER",
      message: `No tokenizer is among the model's files (${VOCABULARIES.join(", ")}).`,
      hint: "Widen --allow to train or evaluate this model.",
    });
    return undefined;
  }
  let tokenizer: Tokenizer;
  try {
    tokenizer = await openTokenizer(folder);
  } catch (error) {
    if (!isMoonlightError(error) || error.code !== "TOKENIZER_UNSUPPORTED") throw error;
    emit({
      type: "warning",
      code: "TOKENIZER_UNCHECKED",
      message: `The tokenizer was not tried out: ${error.message}`,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    });
    return undefined;
  }
  if (tokenizer.vocabSize > rows)
    throw new VerificationError(
      "TOKENIZER_VOCABULARY",
      `The tokenizer has ids up to ${tokenizer.vocabSize - 1}; config.json has vocab_size ${rows}.`,
      { file, field: "vocab_size", hint: "Tokenizer and model do not belong together." },
    );
  const text = tokenizer.renderChat(KNOWN_CHAT, { addGenerationPrompt: true });
  const back = tokenizer.decode(tokenizer.encode(text));
  if (back !== text || !text.includes(KNOWN_CHAT[1]?.content ?? ""))
    throw new VerificationError(
      "TOKENIZER_ROUNDTRIP",
      `A known conversation does not survive the tokenizer: ${excerpt(text)} became ${excerpt(back)}.`,
      { file, hint: "Vocabulary, special tokens or chat template are not those of this model." },
    );
  return { tokenizer, digest: (await hashFile(file)).sha256 };
}

function excerpt(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
