import { readFileSync } from "node:fs";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { chatMessageSchema } from "./chat.ts";
import { loadTokenizer } from "./tokenizer.ts";

const MODEL = fileURLToPath(
  new URL("../../tiny-moonlight/assets/models/moonlight-rl/tiny-moonlight", import.meta.url),
);

/** Made by tools/interop/tokenizer/make_golden.py with transformers. */
const golden = z
  .object({
    texts: z.array(
      z.object({ text: z.string(), ids: z.array(z.int()), decoded: z.string(), plain: z.string() }),
    ),
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

  it("names what is missing, and says that a tiktoken vocabulary is not read", async () => {
    await expect(loadTokenizer(folder)).rejects.toMatchObject({ code: "TOKENIZER_MISSING" });
    await writeFile(join(folder, "tiktoken.model"), "");
    await expect(loadTokenizer(folder)).rejects.toMatchObject({ code: "TOKENIZER_UNSUPPORTED" });
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

  it("says which template does not parse", async () => {
    await copyFile(join(MODEL, "tokenizer.json"), join(folder, "tokenizer.json"));
    await writeFile(
      join(folder, "tokenizer_config.json"),
      JSON.stringify({ eos_token: "<|im_end|>", chat_template: "{% for %}" }),
    );
    await expect(loadTokenizer(folder)).rejects.toMatchObject({ code: "CHAT_TEMPLATE_INVALID" });
  });
});
