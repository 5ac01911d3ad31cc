import { MOONLIGHT_16B_A3B } from "@moonlight-rl/model";
import { expect, it } from "vitest";
import { extraStateKeys } from "./extra-states.ts";

it("names the extra state of every module of Transformer Engine", () => {
  const keys = extraStateKeys(MOONLIGHT_16B_A3B);
  // 27 x 5 of every layer, 2 of the dense one, 26 x (3 + 2 x 64) of the others, the final norm.
  expect(keys).toHaveLength(27 * 5 + 2 + 26 * (3 + 128) + 1);
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys).toContain(
    "decoder.layers.3.mlp.experts.experts.linear_fc1._extra_state/shard_63_64",
  );
  expect(keys).toContain(
    "decoder.layers.0.self_attention.linear_kv_up_proj._extra_state/shard_0_1",
  );
  expect(keys).toContain("decoder.final_layernorm._extra_state/shard_0_1");
});
