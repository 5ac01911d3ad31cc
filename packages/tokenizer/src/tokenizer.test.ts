import { readFileSync } from "node:fs";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { chatMessageSchema } from "./chat.ts";
import { loadTokenizer } from "./tokenizer.ts";

const MODEL = fileURLToPath(
  new URL("../../tiny-moonlight/assets/models/moonlight-rl/tiny-moonlight", import.meta.url),
);

const tiny = z
  .looseObject({ model: z.looseObject({ vocab: z.record(z.string(), z.int()) }) })
  .parse(JSON.parse(readFileSync(join(MODEL, "tokenizer.json"), "utf8")));

/** Made by tools/interop/tokenizer/make_golden.py with transformers. */
const decoded = z.object({ ids: z.array(z.int()), decoded: z.string(), plain: z.string() });
const golden = z
  .object({
    texts: z.array(decoded.extend({ text: z.string() })),
    ids: z.array(decoded),
    chats: z.array(
      z.object({
        messages: z.array(chatMessageSchema),
        rendered: z.string(),
        closed: z.string(),
        ids: z.array(z.int()),
      }),
    ),
  })
  .parse(JSON.parse(readFileSync(new URL("../golden/tiny.json", import.meta.url), "utf8")));

describe("loadTokenizer", () => {
  it.each(golden.texts)(
    "encodes and decodes $text as transformers does",
    async ({ text, ids, decoded, plain }) => {
      const tokenizer = await loadTokenizer(MODEL);
      expect(tokenizer.encode(text)).toEqual(ids);
      expect(tokenizer.decode(ids)).toBe(decoded);
      expect(tokenizer.decode(ids, { skipSpecialTokens: true })).toBe(plain);
    },
  );

  it.each(golden.chats)(
    "renders a conversation as transformers does",
    async ({ messages, rendered, closed, ids }) => {
      const tokenizer = await loadTokenizer(MODEL);
      expect(tokenizer.renderChat(messages, { addGenerationPrompt: true })).toBe(rendered);
      expect(tokenizer.renderChat(messages)).toBe(closed);
      expect(tokenizer.encodeChat(messages)).toEqual(ids);
    },
  );

  it.each(golden.ids)("leaves out ids that no token has: $ids", async (row) => {
    const tokenizer = await loadTokenizer(MODEL);
    expect(tokenizer.decode(row.ids)).toBe(row.decoded);
    expect(tokenizer.decode(row.ids, { skipSpecialTokens: true })).toBe(row.plain);
  });

  it("survives any text", async () => {
    const tokenizer = await loadTokenizer(MODEL);
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => {
        const ids = tokenizer.encode(text);
        expect(ids.every((id) => id >= 0 && id < tokenizer.vocabSize)).toBe(true);
        tokenizer.decode(ids);
      }),
      { seed: 17, numRuns: 200 },
    );
    expect(tokenizer.decode(tokenizer.encode("\ud800"))).toBe("[UNK]");
  });

  it("stops at the end of a message and round-trips printable ASCII", async () => {
    const tokenizer = await loadTokenizer(MODEL);
    expect(tokenizer.stopTokenIds).toEqual(tokenizer.encode("<|im_end|>"));
    const ascii = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join("") + "\n";
    expect(tokenizer.decode(tokenizer.encode(ascii))).toBe(ascii);
  });

  it("refuses a role that the template does not know", async () => {
    const tokenizer = await loadTokenizer(MODEL);
    expect(() => tokenizer.renderChat([{ role: "tool", content: "" }])).toThrow(
      expect.objectContaining({ code: "CHAT_RENDER_FAILED" }),
    );
  });
});

describe("a broken tokenizer folder", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "moonlight-tokenizer-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("names what is missing", async () => {
    await expect(loadTokenizer(folder)).rejects.toMatchObject({ code: "TOKENIZER_MISSING" });
  });

  it("names the field or the byte at fault", async () => {
    await copyFile(join(MODEL, "tokenizer_config.json"), join(folder, "tokenizer_config.json"));
    await writeFile(join(folder, "tokenizer.json"), '{"model": {"type": "BPE"}}');
    await expect(loadTokenizer(folder)).rejects.toMatchObject({
      code: "TOKENIZER_INVALID",
      field: "model.vocab",
    });
    await writeFile(join(folder, "tokenizer.json"), '{"model": ');
    await expect(loadTokenizer(folder)).rejects.toMatchObject({ code: "INVALID_JSON" });
  });

  it.each([
    ["another kind of model", { type: "Unigram", vocab: [] }, "model.type"],
    ["a missing table", { merges: undefined }, "model.merges"],
    ["a merge that is no pair", { merges: ["ab"] }, "model.merges.0"],
    ["a merge of unknown tokens", { merges: [["a", "?!"]] }, "model.merges.0"],
    ["an id of two tokens", { vocab: { a: 4 } }, "model.vocab"],
    ["a wild id", { vocab: { a: 1e9 } }, "model.vocab.a"],
  ])("refuses %s by its field", async (_, model, field) => {
    const broken = { ...tiny, model: { ...tiny.model, ...model } };
    await copyFile(join(MODEL, "tokenizer_config.json"), join(folder, "tokenizer_config.json"));
    await writeFile(join(folder, "tokenizer.json"), JSON.stringify(broken));
    await expect(loadTokenizer(folder)).rejects.toMatchObject({ code: "TOKENIZER_INVALID", field });
  });

  it("reads a vocabulary as large as real models have", async () => {
    const many = Object.fromEntries(Array.from({ length: 170_000 }, (_, i) => [`t${i}`, 200 + i]));
    const large = { ...tiny, model: { ...tiny.model, vocab: { ...tiny.model.vocab, ...many } } };
    await copyFile(join(MODEL, "tokenizer_config.json"), join(folder, "tokenizer_config.json"));
    await writeFile(join(folder, "tokenizer.json"), JSON.stringify(large));
    expect((await loadTokenizer(folder)).vocabSize).toBe(170_200);
  });

  it("names a part that it cannot build, and a missing end-of-sequence token", async () => {
    await writeFile(
      join(folder, "tokenizer.json"),
      JSON.stringify({ ...tiny, pre_tokenizer: { type: "Nope" } }),
    );
    await expect(loadTokenizer(folder)).rejects.toMatchObject({ code: "TOKENIZER_UNSUPPORTED" });
    await writeFile(
      join(folder, "tokenizer.json"),
      JSON.stringify({ ...tiny, added_tokens: [] }).replaceAll("<|im_end|>", "<|end|>"),
    );
    await expect(loadTokenizer(folder)).rejects.toMatchObject({
      code: "TOKENIZER_INVALID",
      field: "eos_token",
    });
  });

  it("says which template does not parse", async () => {
    await copyFile(join(MODEL, "tokenizer.json"), join(folder, "tokenizer.json"));
    await writeFile(
      join(folder, "tokenizer_config.json"),
      JSON.stringify({ eos_token: "<|im_end|>", chat_template: "{% for %}" }),
    );
    await expect(loadTokenizer(folder)).rejects.toMatchObject({ code: "CHAT_TEMPLATE_INVALID" });
  });
});
