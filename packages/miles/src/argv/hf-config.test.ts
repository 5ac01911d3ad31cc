import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readCaseBase } from "../interop/reference-case.ts";
import { floatPaths } from "./float-paths.ts";
import { validateArgv } from "./validate-argv.ts";

const golden = (name: string): string =>
  readFileSync(new URL(`../../golden/${name}`, import.meta.url), "utf8");
const config = golden("recipe-hf-config.json");
const base = readCaseBase(golden("recipe-base-argv.json"), config);

/** The rule that refuses the recipe beside a config.json of this text. */
function refusal(text: string): string | undefined {
  const hfConfig = JSON.parse(text) as Record<string, unknown>;
  const options = { hfConfig, hfFloats: floatPaths(text) };
  return validateArgv(base.argv, options).rejection?.rule;
}

const replaced = (from: string, to: string): string => {
  expect(config).toContain(from);
  return config.replace(from, to);
};

describe("config.json, as transformers' strict classes take it", () => {
  it.each([
    ['"num_hidden_layers": 27', '"num_hidden_layers": 27.0', "hf-field-type"],
    ['"n_group": 1', '"n_group": 1.0', "hf-field-type"],
    ['"routed_scaling_factor": 2.446', '"routed_scaling_factor": 1', "hf-field-type"],
    ['"routed_scaling_factor": 2.446', '"routed_scaling_factor": 1.0', undefined],
    ['"eos_token_id": 163585', '"eos_token_id": [163585, 1]', undefined],
    ['"eos_token_id": 163585', '"eos_token_id": [163585, 1.0]', "hf-field-type"],
    ['"rope_theta": 50000', '"rope_theta": 50000.0', undefined],
    ['"attention_bias": false', '"attention_bias": false, "attention_dropout": 0', undefined],
    ['"attention_bias": false', '"attention_bias": false, "attention_dropout": 0.0', undefined],
    ['"n_group": 1', '"n_group": 1, "architectures": "x"', "hf-field-type"],
    ['"n_group": 1', '"n_group": 1, "id2label": {"a": "b"}', "hf-field-type"],
    ['"n_group": 1', '"n_group": 1, "num_labels": 2.0', "hf-field-type"],
    ['"n_group": 1', '"n_group": 1, "quantization_config": "fp8"', "hf-field-type"],
    ['"n_group": 1', '"n_group": 1, "use_return_dict": true', "hf-field-type"],
    ['"n_group": 1', '"n_group": 1, "layer_types": ["full_attention"]', "hf-field-type"],
    ['"n_group": 1', '"n_group": 1, "auto_map": null', "hf-field-type"],
    ['"torch_dtype": "bfloat16"', '"torch_dtype": "x"', "hf-field-type"],
    ['"torch_dtype": "bfloat16"', '"dtype": "float16"', undefined],
    [
      '"n_group": 1',
      '"n_group": 1, "rope_scaling": {"rope_type": "yarn", "rope_theta": 50000}',
      "hf-field-type",
    ],
    [
      '"n_group": 1',
      '"n_group": 1, "rope_scaling": {"rope_type": "yarn", "factor": 2, "beta_fast": "x"}',
      "hf-field-type",
    ],
    [
      '"n_group": 1',
      '"n_group": 1, "rope_scaling": {"rope_type": "yarn", "factor": 2, "rope_theta": 50000}',
      undefined,
    ],
    [
      '"n_group": 1',
      '"n_group": 1, "rope_scaling": {"rope_type": "llama3", "factor": 2}',
      "hf-field-type",
    ],
    ['"model_type": "deepseek_v3"', '"model_type": "deepseek_v33"', "hf-model-type"],
    ['"model_type": "deepseek_v3"', '"model_type": "deepseek_v2"', undefined],
    ['"model_type": "deepseek_v3"', '"model_type": "kimi_k2"', undefined],
  ])("%s → %s: %s", (from, to, expected) => {
    expect(refusal(replaced(from, to))).toBe(expected);
  });

  it("leaves to the checkpoint's own code what that code reads", () => {
    const own = '"auto_map": {"AutoConfig": "configuration_deepseek.DeepseekV3Config"}';
    const text = replaced('"n_group": 1', `"n_group": 1.0, ${own}`);
    expect(refusal(text)).toBeUndefined();
    expect(refusal(text.replace("deepseek_v3", "of_my_own"))).toBeUndefined();
  });

  it("misses that code where it is not there", () => {
    const hfConfig = { ...base.hfConfig, auto_map: { AutoConfig: "configuration_deepseek.C" } };
    const kind = (path: string) => (path.endsWith(".py") ? "absent" : "file");
    const files = { kind, read: () => undefined } as const;
    expect(validateArgv(base.argv, { hfConfig, files }).rejection).toMatchObject({
      rule: "hf-remote-code",
      message: expect.stringContaining("{hf}/configuration_deepseek.py"),
    });
  });

  it("takes either kind where the text is not known", () => {
    const hfConfig = { ...base.hfConfig, routed_scaling_factor: 1 };
    expect(validateArgv(base.argv, { hfConfig }).outcome).toBe("accept");
  });
});
