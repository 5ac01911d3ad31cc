import { describe, expect, it } from "vitest";
import { MOONLIGHT_16B_A3B } from "./moonlight-16b-a3b.ts";
import { countParameters, hfTensors, megatronTensors } from "./tensor-catalogue.ts";

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

describe("the catalogue of Moonlight-16B-A3B", () => {
  const tensors = megatronTensors(MOONLIGHT_16B_A3B);

  it("has the counts of the reference's checkpoint", () => {
    expect(tensors).toHaveLength(350);
    expect(tensors.flatMap(({ chunks }) => chunks)).toHaveLength(5317);
    expect(tensors.reduce((sum, { shape }) => sum + product(shape), 0)).toBe(15_960_110_208);
    const bytes = tensors.reduce(
      (sum, { shape, dtype }) => sum + product(shape) * (dtype === "float32" ? 4 : 2),
      0,
    );
    expect(bytes).toBe(31_920_223_744);
  });

  it("tiles every tensor with its chunks, and each chunk has its Hugging Face tensor's elements", () => {
    for (const { key, shape, chunks } of tensors) {
      expect(
        chunks.reduce((sum, { sizes }) => sum + product(sizes), 0),
        key,
      ).toBe(product(shape));
      for (const { offsets, sizes, hf } of chunks) {
        expect(product(sizes)).toBe(product(hf.shape));
        expect(
          offsets.every((offset, axis) => offset + (sizes[axis] ?? 0) <= (shape[axis] ?? 0)),
        ).toBe(true);
      }
    }
  });

  it("names every tensor once", () => {
    const names = hfTensors(MOONLIGHT_16B_A3B).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain("model.layers.26.mlp.experts.63.down_proj.weight");
    expect(new Set(tensors.map(({ key }) => key)).size).toBe(tensors.length);
  });

  it("activates about 3 billion of 16 billion parameters", () => {
    const { total, activated } = countParameters(MOONLIGHT_16B_A3B);
    expect(total / 1e9).toBeCloseTo(15.96, 2);
    expect(activated / 1e9).toBeGreaterThan(2.5);
    expect(activated / 1e9).toBeLessThan(3.2);
  });
});

describe("variants of the family", () => {
  it("splits the queries when q_lora_rank is set and shares the head when embeddings are tied", () => {
    const names = hfTensors({
      ...MOONLIGHT_16B_A3B,
      q_lora_rank: 1536,
      tie_word_embeddings: true,
    }).map(({ name }) => name);
    expect(names).toContain("model.layers.0.self_attn.q_a_layernorm.weight");
    expect(names).not.toContain("model.layers.0.self_attn.q_proj.weight");
    expect(names).not.toContain("lm_head.weight");
  });
});
