import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  openHfModel,
  tensorBytes,
  verifyCheckpoint,
  writeHfModel,
  type Dtype,
} from "@moonlight-rl/checkpoint";
import { hfTensors, parseHfConfig } from "@moonlight-rl/model";
import { adoptArtifact } from "@moonlight-rl/pipeline";
import { withStage } from "@moonlight-rl/pipeline/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toHf, toTorchDist } from "./stage.ts";

const small = fc.integer({ min: 1, max: 4 });
const even = small.map((n) => 2 * n);
const configs = fc.record({
  model_type: fc.constantFrom("deepseek_v3", "kimi_k2"),
  vocab_size: fc.integer({ min: 1, max: 20 }),
  hidden_size: even,
  intermediate_size: even,
  moe_intermediate_size: small,
  num_hidden_layers: small,
  num_attention_heads: small,
  q_lora_rank: fc.option(small, { nil: null }),
  kv_lora_rank: small,
  qk_nope_head_dim: small,
  qk_rope_head_dim: even,
  v_head_dim: small,
  n_routed_experts: fc.integer({ min: 1, max: 5 }),
  n_shared_experts: fc.integer({ min: 0, max: 2 }),
  num_experts_per_tok: fc.constant(1),
  n_group: fc.constantFrom(1, 8),
  first_k_dense_replace: fc.integer({ min: 0, max: 5 }),
  routed_scaling_factor: fc.constant(1),
  rms_norm_eps: fc.constant(1e-6),
  rope_theta: fc.constant(1e4),
  max_position_embeddings: fc.constant(8),
  tie_word_embeddings: fc.boolean(),
});
/** What Megatron keeps in one tensor must have one dtype; all else may differ. */
const dtypes = fc.record({
  attention: fc.constantFrom<Dtype>("F32", "F16", "BF16"),
  bias: fc.constantFrom<Dtype>("F32", "BF16"),
  rest: fc.constantFrom<Dtype>("F32", "F16", "BF16"),
});

/** Finite values of every sign, different in every tensor. */
function content(bytes: number, seed: number): Uint8Array {
  // 0x3f and 0xbe as every second byte: no exponent of any dtype is all ones.
  return Uint8Array.from({ length: bytes }, (_, i) =>
    i % 2 === 0 ? (i * 31 + seed * 7) % 251 : seed % 2 === 0 ? 0x3f : 0xbe,
  );
}

it(
  "keeps every byte of any model of the family, in any dtype",
  () =>
    withStage(toTorchDist, (there) =>
      withStage(toHf, (back) =>
        fc.assert(
          fc.asyncProperty(configs, dtypes, async (config, types) => {
            const folder = await there.files({});
            const tensors = hfTensors(parseHfConfig(config)).map(({ name, shape }, seed) => {
              const dtype = name.includes("self_attn")
                ? types.attention
                : name.endsWith("e_score_correction_bias")
                  ? types.bias
                  : types.rest;
              const bytes = content(tensorBytes(shape, dtype), seed);
              return { name, shape, dtype, bytes, read: () => bytes };
            });
            await writeHfModel(folder, { config, tensors, maxShardBytes: 4000 });
            const model = await adoptArtifact("hf-model", folder);
            const { checkpoint } = await there.run({ model });
            expect((await verifyCheckpoint(checkpoint.path, { model: folder })).findings).toEqual(
              [],
            );
            const result = await openHfModel((await back.run({ checkpoint, model })).model.path);
            expect(result.tensors.size).toBe(tensors.length);
            for (const { name, dtype, bytes } of tensors) {
              expect(result.dtypeOf(name)).toBe(dtype);
              expect(Buffer.from(await result.read(name)).equals(bytes), name).toBe(true);
            }
          }),
          { numRuns: process.env["MOONLIGHT_DEEP"] === "1" ? 100 : 6 },
        ),
      ),
    ),
  300_000,
);

describe("C12 an unsupported architecture is named early", () => {
  const config = {
    model_type: "deepseek_v3",
    vocab_size: 4,
    hidden_size: 2,
    intermediate_size: 2,
    moe_intermediate_size: 2,
    num_hidden_layers: 1,
    num_attention_heads: 1,
    kv_lora_rank: 2,
    qk_nope_head_dim: 2,
    qk_rope_head_dim: 2,
    v_head_dim: 2,
    n_routed_experts: 1,
    n_shared_experts: 1,
    num_experts_per_tok: 1,
    first_k_dense_replace: 0,
    routed_scaling_factor: 1,
    rms_norm_eps: 1e-6,
    rope_theta: 1e4,
    max_position_embeddings: 8,
  };
  it.each([
    [{ model_type: "qwen3_moe" }, "model_type", /"qwen3_moe" is not supported: only DeepSeek-V3/],
    [{ model_type: "llama" }, "model_type", /"llama" is not supported/],
    [{ quantization_config: { quant_method: "fp8" } }, "quantization_config", /quantised/],
    [{ scoring_func: "softmax" }, "scoring_func", /sigmoid/],
    [{ topk_method: "greedy" }, "topk_method", /noaux_tc/],
    [{ moe_layer_freq: 2 }, "moe_layer_freq", /1/],
  ])("%j", (change, field, message) =>
    withStage(toTorchDist, async (kit) => {
      // No weights: the config is refused before any is looked for.
      const folder = await kit.files({ "config.json": JSON.stringify({ ...config, ...change }) });
      const model = await adoptArtifact("hf-model", folder);
      await expect(kit.run({ model })).rejects.toMatchObject({
        code: "MODEL_CONFIG_INVALID",
        exitCode: 2,
        field,
        message: expect.stringMatching(message),
      });
      expect(await readdir(kit.workspace.store).catch(() => [])).toEqual([]);
    }),
  );

  it("layers for multi-token prediction", () =>
    withStage(toTorchDist, async (kit) => {
      const folder = await kit.files({});
      const tensors = hfTensors(parseHfConfig({ ...config, num_hidden_layers: 2 })).map(
        ({ name, shape }) => ({
          name,
          shape,
          dtype: "BF16" as const,
          read: () => new Uint8Array(tensorBytes(shape, "BF16")),
        }),
      );
      await writeHfModel(folder, { config, tensors });
      const file = join(folder, "config.json");
      const json = JSON.parse(await readFile(file, "utf8")) as object;
      await writeFile(file, JSON.stringify({ ...json, num_nextn_predict_layers: 1 }));
      const model = await adoptArtifact("hf-model", folder);
      await expect(kit.run({ model })).rejects.toMatchObject({
        code: "ARCHITECTURE_UNSUPPORTED",
        field: expect.stringMatching(/^model\.layers\.1\./),
      });
    }));
});
