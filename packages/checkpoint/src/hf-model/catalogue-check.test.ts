import { describe, expect, it } from "vitest";
import { hfTensors, MOONLIGHT_16B_A3B, type HfConfig } from "@moonlight-rl/model";
import type { Dtype } from "../dtype.ts";
import type { TensorInfo } from "../safetensors/header.ts";
import { catalogueFaults } from "./catalogue-check.ts";

const config: HfConfig = { ...MOONLIGHT_16B_A3B, num_hidden_layers: 2, n_routed_experts: 2 };
const BIAS = "model.layers.1.mlp.gate.e_score_correction_bias";

/** A checkpoint that fits, with some tensors changed or (undefined) taken away. */
function tensorsOf(
  changes: Readonly<Record<string, Partial<TensorInfo> | undefined>> = {},
  dtype: Dtype = "BF16",
): ReadonlyMap<string, TensorInfo> {
  const tensors = new Map<string, TensorInfo>();
  for (const { name, shape } of hfTensors(config))
    tensors.set(name, { dtype, shape, byteLength: 0, file: "/m/a.safetensors", offset: 8 });
  for (const [name, change] of Object.entries(changes)) {
    const base = { dtype, shape: [1], byteLength: 0, file: "/m/a.safetensors", offset: 8 };
    if (change === undefined) tensors.delete(name);
    else tensors.set(name, { ...base, ...tensors.get(name), ...change });
  }
  return tensors;
}

describe("catalogueFaults", () => {
  it.each<[string, ReadonlyMap<string, TensorInfo>, HfConfig]>([
    ["one dtype", tensorsOf(), config],
    ["an expert bias in float32", tensorsOf({ [BIAS]: { dtype: "F32" } }), config],
    ["another dtype and none named", tensorsOf({}, "F16"), { ...config, torch_dtype: undefined }],
  ])("has none for %s", (_, tensors, of) => {
    expect(catalogueFaults(of, tensors)).toEqual([]);
  });

  it("names each tensor that is missing, not expected, or of another shape or dtype", () => {
    const faults = catalogueFaults(
      config,
      tensorsOf({
        "lm_head.weight": undefined,
        "model.layers.9.extra": {},
        "model.norm.weight": { shape: [7] },
        "model.embed_tokens.weight": { dtype: "F32" },
      }),
    );
    expect(faults.map(({ code, tensor, file }) => [code, tensor, file])).toEqual([
      ["TENSOR_MISSING", "lm_head.weight", undefined],
      ["TENSOR_UNEXPECTED", "model.layers.9.extra", "/m/a.safetensors"],
      ["TENSOR_DTYPE", "model.embed_tokens.weight", "/m/a.safetensors"],
      ["TENSOR_SHAPE", "model.norm.weight", "/m/a.safetensors"],
    ]);
    expect(faults[3]?.message).toBe("model.norm.weight has shape [7]; config.json says [2048]");
  });
});
