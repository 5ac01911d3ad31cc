import { readFileSync } from "node:fs";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { loadTokenizer } from "../tokenizer.ts";
import { mergeBytes } from "./byte-pairs.ts";
import { readRanks } from "./ranks.ts";
import { SPLIT_ALTERNATIVES, sliceText, splitText } from "./split.ts";

const FOLDER = fileURLToPath(new URL("../../golden/tiktoken", import.meta.url));

/** Made by tools/interop/tokenizer/make_tiktoken_golden.py with tiktoken. */
const golden = z
  .array(z.object({ text: z.string(), ids: z.array(z.int()), decoded: z.string() }))
  .parse(JSON.parse(readFileSync(join(FOLDER, "cases.json"), "utf8")));

describe("a tiktoken vocabulary of Moonlight's form", () => {
  it.each(golden.map((row) => [JSON.stringify(row.text).slice(0, 40), row] as const))(
    "encodes and decodes %s as tiktoken does",
    async (_, { text, ids, decoded }) => {
      const tokenizer = await loadTokenizer(FOLDER);
      expect(tokenizer.encode(text).join()).toBe(ids.join());
      expect(tokenizer.decode(ids)).toBe(decoded);
    },
  );

  it("renders a conversation with its special tokens", async () => {
    const tokenizer = await loadTokenizer(FOLDER);
    const ids = tokenizer.encodeChat([{ role: "user", content: "1 + 1 = ?" }]);
    expect(tokenizer.decode(ids)).toBe(
      "<|im_user|>user<|im_middle|>1 + 1 = ?<|im_end|><|im_assistant|>assistant<|im_middle|>",
    );
    expect(ids[0]).toBe(1203);
    expect(tokenizer.decode(ids, { skipSpecialTokens: true })).toBe("user1 + 1 = ?assistant");
    expect(tokenizer.stopTokenIds).toEqual([1201, 1202]);
    expect(tokenizer.padTokenId).toBe(1455);
    expect(tokenizer.vocabSize).toBe(1456);
    expect(tokenizer.decode([1456, 99_999])).toBe("");
  });

  it("gets every text back", async () => {
    const tokenizer = await loadTokenizer(FOLDER);
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 60 }), (text) => {
        expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
      }),
    );
  });
});

describe("the parts", () => {
  it("split loses nothing", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 80 }), (text) => {
        expect(splitText(text).join("")).toBe(text);
      }),
    );
  });

  it("slices only texts with long runs, after 25,000 code points", () => {
    expect(sliceText("a b".repeat(20_000))).toHaveLength(1);
    expect(sliceText("🙂".repeat(25_001)).map((part) => part.length)).toEqual([50_000, 2]);
    expect(sliceText("a ".repeat(200_001)).map((part) => part.length)).toEqual([400_000, 2]);
  });

  it("merges as the plain quadratic rule does", () => {
    const tokens = [..."abc", "ab", "bc", "abc", "aa", "aab", "cab"];
    const ranks = new Map(tokens.map((token, rank) => [token, rank]));
    const plainly = (piece: string): number[] => {
      const parts = [...piece];
      for (;;) {
        let best: { rank: number; at: number } | undefined;
        for (let at = 0; at + 1 < parts.length; at++) {
          const rank = ranks.get(`${parts[at]}${parts[at + 1]}`);
          if (rank !== undefined && rank < (best?.rank ?? Number.POSITIVE_INFINITY))
            best = { rank, at };
        }
        if (best === undefined) return parts.map((part) => ranks.get(part) ?? -1);
        parts.splice(best.at, 2, `${parts[best.at]}${parts[best.at + 1]}`);
      }
    };
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1 }), (piece) => {
        const whole = ranks.get(piece);
        expect(mergeBytes(piece, ranks)).toEqual(whole === undefined ? plainly(piece) : [whole]);
      }),
    );
  });
});

describe("a damaged folder", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "moonlight-tiktoken-"));
    for (const name of ["tiktoken.model", "tokenizer_config.json"])
      await copyFile(join(FOLDER, name), join(folder, name));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });
  const model = (): string => join(folder, "tiktoken.model");

  it.each([
    ["a line that is no base64", (text: string) => text.replace("AA== 0", "A*== 0"), 0],
    ["a rank that is skipped", (text: string) => text.replace(/\S+ 300\n/, ""), undefined],
    ["a token twice", (text: string) => text.replace(/\S+ 1199\n$/, "AA== 1199\n"), undefined],
    ["a missing byte", (text: string) => text.replace(/\S+ 65\n/, "QUJDREU= 65\n"), undefined],
  ])("refuses %s", async (_, change, byteOffset) => {
    await writeFile(model(), change(await readFile(model(), "utf8")));
    const error: unknown = await readRanks(model()).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "TOKENIZER_INVALID", file: model() });
    if (byteOffset !== undefined) expect(error).toMatchObject({ byteOffset });
  });

  it("notices a vocabulary that was cut off at a line", async () => {
    const text = await readFile(model(), "utf8");
    await writeFile(model(), text.replace(/(?:\S+ \d+\n){10}$/, ""));
    await expect(loadTokenizer(folder)).rejects.toMatchObject({
      code: "TOKENIZER_INVALID",
      field: "added_tokens_decoder.1454",
    });
  });

  it("compares the split rule with the model's Python code, and runs none of it", async () => {
    const file = join(folder, "tokenization_moonshot.py");
    const code = (rules: readonly string[]): string =>
      `class T:\n    pat_str = "|".join(\n        [\n${rules.map((rule) => `            r"""${rule}""",\n`).join("")}        ]\n    )\n`;
    await writeFile(file, code(SPLIT_ALTERNATIVES));
    await loadTokenizer(folder);
    await writeFile(file, code([...SPLIT_ALTERNATIVES].reverse()));
    await expect(loadTokenizer(folder)).rejects.toMatchObject({
      code: "TOKENIZER_UNSUPPORTED",
      file,
      byteOffset: 13,
    });
    await writeFile(file, "pat_str = compute()\n");
    await expect(loadTokenizer(folder)).rejects.toMatchObject({ code: "TOKENIZER_UNSUPPORTED" });
  });

  it("reads a template of its own file, and the default of several", async () => {
    const config = join(folder, "tokenizer_config.json");
    const json = z.looseObject({}).parse(JSON.parse(await readFile(config, "utf8")));
    json["chat_template"] = [
      { name: "tool_use", template: "T" },
      { name: "default", template: "D{{ messages[0].content }}" },
    ];
    await writeFile(config, JSON.stringify(json));
    const messages = [{ role: "user", content: "x" }];
    expect((await loadTokenizer(folder)).renderChat(messages)).toBe("Dx");
    await writeFile(join(folder, "chat_template.jinja"), "F");
    expect((await loadTokenizer(folder)).renderChat(messages)).toBe("F");
  });
});
