import { join } from "node:path";
import { UsageError } from "@moonlight-rl/core";
import type { Codec } from "../codec.ts";
import type { TokenizerConfig } from "../config.ts";
import { mergeBytes } from "./byte-pairs.ts";
import { readRanks, type ByteText } from "./ranks.ts";
import { sliceText, splitText } from "./split.ts";
import { checkWrapper } from "./wrapper.ts";

/** Ids after the ranks that are special tokens; those without a name in `added_tokens_decoder` are reserved. */
const SPECIAL_TOKENS = 256;
/** Pieces whose ids are kept: words repeat. */
const MAX_CACHED = 50_000;

/**
 * A `tiktoken.model` as Moonlight ships it: byte pairs by rank, then 256 special tokens named by
 * `added_tokens_decoder` of tokenizer_config.json (source: tokenization_moonshot.py of the model's repository).
 */
export async function tiktokenCodec(folder: string, config: TokenizerConfig): Promise<Codec> {
  await checkWrapper(folder);
  const ranks = await readRanks(join(folder, "tiktoken.model"));
  return new TiktokenCodec(ranks, specialTokens(ranks.size, config, folder), config);
}

function specialTokens(
  first: number,
  config: TokenizerConfig,
  folder: string,
): Map<string, number> {
  const named = config.added_tokens_decoder ?? {};
  for (const [id, { content }] of Object.entries(named)) {
    if (Number(id) >= first && Number(id) < first + SPECIAL_TOKENS) continue;
    throw new UsageError(
      "TOKENIZER_INVALID",
      `tokenizer_config.json gives ${JSON.stringify(content)} id ${id}, but tiktoken.model leaves ${first} to ${first + SPECIAL_TOKENS - 1} to special tokens.`,
      {
        file: join(folder, "tokenizer_config.json"),
        field: `added_tokens_decoder.${id}`,
        hint: "tiktoken.model is cut off, or the two files are of different models.",
      },
    );
  }
  const tokens = new Map<string, number>();
  for (let id = first; id < first + SPECIAL_TOKENS; id++)
    tokens.set(named[String(id)]?.content ?? `<|reserved_token_${id}|>`, id);
  return tokens;
}

class TiktokenCodec implements Codec {
  readonly vocabSize: number;
  readonly #ranks: ReadonlyMap<ByteText, number>;
  readonly #special: ReadonlyMap<string, number>;
  readonly #specialPattern: RegExp;
  readonly #bytes: readonly Buffer[];
  readonly #skipped: ReadonlySet<number>;
  readonly #cache = new Map<string, readonly number[]>();

  constructor(
    ranks: ReadonlyMap<ByteText, number>,
    special: ReadonlyMap<string, number>,
    config: TokenizerConfig,
  ) {
    this.#ranks = ranks;
    this.#special = special;
    this.vocabSize = ranks.size + special.size;
    this.#bytes = [
      ...Array.from(ranks.keys(), (key) => Buffer.from(key, "latin1")),
      ...Array.from(special.keys(), (text) => Buffer.from(text, "utf8")),
    ];
    // Of two special tokens that begin at one place the longer is meant.
    const texts = [...special.keys()].sort((a, b) => b.length - a.length);
    this.#specialPattern = new RegExp(`(${texts.map(escaped).join("|")})`, "u");
    this.#skipped = new Set(
      [
        config.bos_token,
        config.eos_token,
        config.pad_token,
        config.unk_token,
        ...(config.additional_special_tokens ?? []),
        ...Object.values(config.added_tokens_decoder ?? {}).flatMap(({ content, special: is }) =>
          is ? [content] : [],
        ),
      ].flatMap((token) => special.get(token ?? "") ?? []),
    );
  }

  idOf(token: string): number | undefined {
    return this.#special.get(token) ?? this.#ranks.get(Buffer.from(token).toString("latin1"));
  }

  encode(text: string): number[] {
    const ids: number[] = [];
    for (const slice of sliceText(text)) {
      for (const part of slice.split(this.#specialPattern)) {
        const special = this.#special.get(part);
        if (special !== undefined) ids.push(special);
        else for (const piece of splitText(part)) for (const id of this.#piece(piece)) ids.push(id);
      }
    }
    return ids;
  }

  decode(ids: readonly number[], skipSpecialTokens: boolean): string {
    const bytes = ids.flatMap((id) =>
      skipSpecialTokens && this.#skipped.has(id) ? [] : (this.#bytes[id] ?? []),
    );
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Buffer.concat(bytes));
  }

  #piece(piece: string): readonly number[] {
    const cached = this.#cache.get(piece);
    if (cached !== undefined) return cached;
    const ids = mergeBytes(Buffer.from(piece, "utf8").toString("latin1"), this.#ranks);
    if (this.#cache.size >= MAX_CACHED) this.#cache.clear();
    this.#cache.set(piece, ids);
    return ids;
  }
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
}
