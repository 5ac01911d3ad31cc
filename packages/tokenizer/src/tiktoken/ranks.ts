import { readFile } from "node:fs/promises";
import { PreflightError, UsageError } from "@moonlight-rl/core";

/** Bytes of a token as a text of one character per byte: a key that maps compare by content. */
export type ByteText = string;

/** Far above any vocabulary: Moonlight's file has 163,584 lines and 2.8 MB. */
const MAX_BYTES = 64 << 20;
const LINE = /^([A-Za-z0-9+/]+={0,2}) (\d{1,8})$/;

/**
 * Reads `tiktoken.model`: a line per token, base64 of its bytes, a space, its rank, which is its id and its turn in merging.
 * Ranks must be 0, 1, 2, … and each of the 256 bytes must be a token, so that any text can be encoded.
 */
export async function readRanks(file: string): Promise<Map<ByteText, number>> {
  let text: string;
  try {
    text = await readFile(file, "latin1");
  } catch (cause) {
    throw new PreflightError("FILE_UNREADABLE", `Cannot read ${file}.`, { file, cause });
  }
  const invalid = (what: string, byteOffset?: number): UsageError =>
    new UsageError("TOKENIZER_INVALID", `tiktoken.model: ${what}.`, {
      file,
      hint: "Fetch the model's tokenizer again: this is not the file that the model was trained with.",
      ...(byteOffset === undefined ? {} : { byteOffset }),
    });
  if (text.length > MAX_BYTES) throw invalid(`${text.length} bytes are not a vocabulary`);
  const ranks = new Map<ByteText, number>();
  let start = 0;
  while (start < text.length) {
    const newline = text.indexOf("\n", start);
    const end = newline === -1 ? text.length : newline;
    const line = text.slice(start, text[end - 1] === "\r" ? end - 1 : end);
    if (line !== "") {
      const [, base64 = "", rank = ""] = LINE.exec(line) ?? [];
      const bytes = Buffer.from(base64, "base64");
      if (bytes.length === 0 || bytes.toString("base64") !== base64)
        throw invalid(`line ${ranks.size + 1} is not "base64 rank"`, start);
      if (Number(rank) !== ranks.size)
        throw invalid(`line ${ranks.size + 1} has rank ${rank}, not ${ranks.size}`, start);
      const key = bytes.toString("latin1");
      if (ranks.has(key)) throw invalid(`line ${ranks.size + 1} repeats a token`, start);
      ranks.set(key, ranks.size);
    }
    start = end + 1;
  }
  for (let byte = 0; byte < 256; byte++) {
    if (!ranks.has(String.fromCharCode(byte)))
      throw invalid(`byte ${byte} is not a token; the file is not whole or not a byte-level one`);
  }
  return ranks;
}
