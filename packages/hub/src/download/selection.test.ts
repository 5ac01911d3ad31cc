import { describe, expect, it } from "vitest";
import { selectFiles } from "./selection.ts";

const listing = (...paths: string[]) =>
  paths.map((path) => ({ path, size: 1, oid: "0".repeat(40) }));
const names = (files: readonly { readonly path: string }[]) => files.map((file) => file.path);

describe("selectFiles", () => {
  it("takes what the pipeline needs of a model and says what it leaves", () => {
    const files = listing(
      ".gitattributes",
      "LICENSE",
      "README.md",
      "config.json",
      "consolidated.safetensors",
      "figures/scaling.png",
      "generation_config.json",
      "model-00001-of-00002.safetensors",
      "model-00002-of-00002.safetensors",
      "model.safetensors.index.json",
      "modeling_deepseek.py",
      "onnx/model.onnx",
      "pytorch_model-00001-of-00002.bin",
      "pytorch_model.bin.index.json",
      "tiktoken.model",
      "tokenizer_config.json",
    );
    const selected = selectFiles("model", files);
    expect(names(selected.files)).toEqual([
      "LICENSE",
      "config.json",
      "generation_config.json",
      "model-00001-of-00002.safetensors",
      "model-00002-of-00002.safetensors",
      "model.safetensors.index.json",
      "modeling_deepseek.py",
      "tiktoken.model",
      "tokenizer_config.json",
    ]);
    expect(selected.leftOut).toHaveLength(7);
  });

  it("takes JSON lines of a dataset, Parquet only without them", () => {
    expect(names(selectFiles("dataset", listing("a.jsonl", "a.parquet")).files)).toEqual([
      "a.jsonl",
    ]);
    expect(names(selectFiles("dataset", listing("README.md", "data/a.parquet")).files)).toEqual([
      "data/a.parquet",
    ]);
  });

  it("follows allow and ignore patterns as hf does", () => {
    const files = listing("a.bin", "b/c.bin", "b/d.txt", "e[1].bin", "f1.bin", "f2.bin");
    const pick = (allow: string[], ignore: string[] = []) =>
      names(selectFiles("model", files, { allow, ignore }).files);
    expect(pick(["*.bin"], ["b/"])).toEqual(["a.bin", "e[1].bin", "f1.bin", "f2.bin"]);
    expect(pick(["b/*"])).toEqual(["b/c.bin", "b/d.txt"]);
    expect(pick(["f[!1].bin"])).toEqual(["f2.bin"]);
    expect(pick(["?.bin"])).toEqual(["a.bin"]);
    expect(pick(["e[[]1].bin"])).toEqual(["e[1].bin"]);
  });

  it("refuses a selection of nothing and says what there is", () => {
    expect(() => selectFiles("model", listing("a.txt", "b.txt"), { allow: ["*.gguf"] })).toThrow(
      expect.objectContaining({
        code: "HUB_NOTHING_SELECTED",
        hint: expect.stringContaining("a.txt"),
      }),
    );
  });
});
