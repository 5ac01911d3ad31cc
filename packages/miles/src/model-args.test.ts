import { readFileSync } from "node:fs";
import { parseHfConfig, type HfConfig } from "@moonlight-rl/model";
import { describe, expect, it } from "vitest";
import { modelArgs } from "./model-args.ts";

const json = JSON.parse(
  readFileSync(new URL("../golden/recipe-hf-config.json", import.meta.url), "utf8"),
) as Record<string, unknown>;
const withConfig = (change: Record<string, unknown>): HfConfig =>
  parseHfConfig({ ...json, ...change });

function valueOf(config: HfConfig, flag: string): string | undefined {
  const args = modelArgs(config);
  return args.includes(flag) ? args[args.indexOf(flag) + 1] : undefined;
}

describe("modelArgs", () => {
  it.each([
    ["num_hidden_layers", 3, "--num-layers", "3"],
    ["num_hidden_layers", 3, "--moe-layer-freq", "[0,1,1]"],
    ["first_k_dense_replace", 27, "--moe-layer-freq", `[${Array(27).fill(0).join(",")}]`],
    ["n_shared_experts", 1, "--moe-shared-expert-intermediate-size", "1408"],
    ["q_lora_rank", 1536, "--q-lora-rank", "1536"],
    ["routed_scaling_factor", 1, "--moe-router-topk-scaling-factor", "1.0"],
    ["rms_norm_eps", 1e-6, "--norm-epsilon", "1e-6"],
    ["n_group", 8, "--moe-router-num-groups", "8"],
    ["topk_group", 4, "--moe-router-group-topk", "4"],
  ])("follows %s", (key, value, flag, expected) => {
    expect(valueOf(withConfig({ [key]: value }), flag)).toBe(expected);
  });

  it("drops the flag for untied embeddings when they are tied", () => {
    const flag = "--untie-embeddings-and-output-weights";
    expect(modelArgs(withConfig({}))).toContain(flag);
    expect(modelArgs(withConfig({ tie_word_embeddings: true }))).not.toContain(flag);
  });

  it.each([
    ["rope_scaling", { type: "yarn", factor: 4 }],
    ["rope_theta", 50000.5],
    ["norm_topk_prob", false],
    ["hidden_act", "gelu"],
    ["attention_bias", true],
  ])("refuses %s that its flags cannot describe", (key, value) => {
    expect(() => modelArgs(withConfig({ [key]: value }))).toThrow(
      expect.objectContaining({ code: "MILES_CANNOT_EXPRESS", field: key }),
    );
  });
});
