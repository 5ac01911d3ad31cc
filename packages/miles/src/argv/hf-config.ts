import { truth } from "./args.ts";
import type { Value } from "./flag-spec.ts";

/** A Hugging Face config.json as the reference's loader reads it: any key may be missing. */
export type HfConfig = { readonly [key: string]: unknown };

/** What the loader's own class for this family fills in for keys that config.json leaves out. */
const DEEPSEEK_V3_DEFAULTS: HfConfig = {
  hidden_size: 7168,
  num_attention_heads: 128,
  num_hidden_layers: 61,
  intermediate_size: 18432,
  moe_intermediate_size: 2048,
  tie_word_embeddings: false,
  rms_norm_eps: 1e-6,
  rope_theta: 10_000,
};

const DEEPSEEK_FAMILY = new Set(["deepseek_v3", "deepseek_v32", "deepseek_v4"]);

/** Whether the loader keeps `text_config` as it stands: this family has no nested text model. */
export function strayTextConfig(config: HfConfig): boolean {
  return "text_config" in config && DEEPSEEK_FAMILY.has(String(config["model_type"]));
}

const isInteger = (value: unknown): boolean => Number.isInteger(value);
const isSwitch = (value: unknown): boolean => typeof value === "boolean";
// JSON's 1 and 1.0 are one number here; the loader refuses the former for these.
const isReal = (value: unknown): boolean => typeof value === "number";
const isText = (value: unknown): boolean => typeof value === "string";
const orNone =
  (kind: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    value === null || kind(value);

/** What the loader's strict class of this family takes; keys that are not its own are kept as they are. */
const FIELD_TYPES: readonly (readonly [names: string, takes: (value: unknown) => boolean])[] = [
  [
    "vocab_size hidden_size intermediate_size moe_intermediate_size num_hidden_layers num_attention_heads n_shared_experts n_routed_experts kv_lora_rank qk_rope_head_dim qk_nope_head_dim max_position_embeddings",
    isInteger,
  ],
  [
    "num_key_value_heads q_lora_rank v_head_dim n_group topk_group num_experts_per_tok first_k_dense_replace pad_token_id bos_token_id pretraining_tp",
    orNone(isInteger),
  ],
  [
    "eos_token_id",
    orNone((value) => (Array.isArray(value) ? value.every(isInteger) : isInteger(value))),
  ],
  ["routed_scaling_factor initializer_range rms_norm_eps", isReal],
  ["attention_dropout", orNone(isReal)],
  ["hidden_act", isText],
  ["use_cache tie_word_embeddings attention_bias", isSwitch],
  ["norm_topk_prob rope_interleave", orNone(isSwitch)],
  ["rope_parameters", orNone(isRecord)],
  ["rope_scaling", (value) => !truth(value as Value) || isRecord(value)],
];

/** The first key whose value the loader's strict class refuses; undefined: none, or another family. */
export function wronglyTyped(config: HfConfig): string | undefined {
  if (!DEEPSEEK_FAMILY.has(String(config["model_type"]))) return undefined;
  for (const [names, takes] of FIELD_TYPES) {
    const wrong = names.split(" ").find((key) => key in config && !takes(config[key]));
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

/** The attributes of the loaded configuration: a text model's own, defaults of the family filled in, rope_theta found where newer files keep it. */
export function loadedConfig(config: HfConfig): HfConfig {
  const text = isRecord(config["text_config"]) ? config["text_config"] : config;
  const known = DEEPSEEK_FAMILY.has(String(text["model_type"])) ? DEEPSEEK_V3_DEFAULTS : {};
  const parameters = text["rope_parameters"] ?? text["rope_scaling"];
  const rope = isRecord(parameters) ? ropeTheta(parameters) : undefined;
  return { ...known, ...text, ...(rope === undefined ? {} : { rope_theta: rope }) };
}

function ropeTheta(parameters: HfConfig): unknown {
  if ("rope_theta" in parameters) return parameters["rope_theta"];
  for (const entry of Object.values(parameters)) {
    if (isRecord(entry) && "rope_theta" in entry) return entry["rope_theta"];
  }
  return undefined;
}

function isRecord(value: unknown): value is HfConfig {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
