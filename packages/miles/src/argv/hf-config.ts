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

const DEEPSEEK_FAMILY = new Set(["deepseek_v3", "deepseek_v32", "deepseek_v4", "kimi_k2"]);

/** Whether the loader's own class of this family reads the file, and not code that lies beside it. */
function ofFamily(config: HfConfig): boolean {
  return DEEPSEEK_FAMILY.has(String(config["model_type"])) && remoteCode(config) === undefined;
}

/** The file beside config.json whose class reads it; miles trusts such code. */
export function remoteCode(config: HfConfig): string | undefined {
  const map = config["auto_map"];
  const name = isRecord(map) ? map["AutoConfig"] : undefined;
  return typeof name === "string" ? name : undefined;
}

/** Whether the loader keeps `text_config` as it stands: this family has no nested text model. */
export function strayTextConfig(config: HfConfig): boolean {
  return "text_config" in config && ofFamily(config);
}

/** Whether a number is written as a float; undefined: not known. */
type Written = (path: string) => boolean | undefined;
type Kind = (value: unknown, path: string, float: Written) => boolean;

const isInteger: Kind = (value, path, float) => Number.isInteger(value) && float(path) !== true;
const isSwitch: Kind = (value) => typeof value === "boolean";
const isReal: Kind = (value, path, float) => typeof value === "number" && float(path) !== false;
const isNumber: Kind = (value) => typeof value === "number";
const isText: Kind = (value) => typeof value === "string";
const isMapping: Kind = (value) => isRecord(value);
const orNone =
  (kind: Kind): Kind =>
  (value, path, float) =>
    value === null || kind(value, path, float);
const orEach =
  (kind: Kind): Kind =>
  (value, path, float) =>
    Array.isArray(value)
      ? value.every((item, place) => kind(item, `${path}.${place}`, float))
      : kind(value, path, float);

/** What the loader's strict class of this family takes; keys that are not its own are kept as they are. */
const FIELD_TYPES: readonly (readonly [names: string, takes: Kind])[] = [
  [
    "vocab_size hidden_size intermediate_size moe_intermediate_size num_hidden_layers num_attention_heads n_shared_experts n_routed_experts kv_lora_rank qk_rope_head_dim qk_nope_head_dim max_position_embeddings",
    isInteger,
  ],
  [
    "num_key_value_heads q_lora_rank v_head_dim n_group topk_group num_experts_per_tok first_k_dense_replace pad_token_id bos_token_id pretraining_tp",
    orNone(isInteger),
  ],
  ["eos_token_id", orNone(orEach(isInteger))],
  ["routed_scaling_factor initializer_range rms_norm_eps", isReal],
  ["attention_dropout", orNone(isNumber)],
  ["hidden_act", isText],
  ["use_cache tie_word_embeddings attention_bias", isSwitch],
  ["norm_topk_prob rope_interleave", orNone(isSwitch)],
  ["rope_parameters", orNone(isMapping)],
  ["rope_scaling", (value) => !truth(value as Value) || isRecord(value)],
];

/** The first key whose value the loader's strict class refuses; undefined: none, or another family. */
export function wronglyTyped(
  config: HfConfig,
  floats: ReadonlySet<string> | undefined,
): string | undefined {
  const float: Written = (path) => floats?.has(path);
  if (!ofFamily(config)) return undefined;
  for (const [names, takes] of FIELD_TYPES) {
    const wrong = names.split(" ").find((key) => key in config && !takes(config[key], key, float));
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

/** The attributes of the loaded configuration: a text model's own, defaults of the family filled in, rope_theta found where newer files keep it. */
export function loadedConfig(config: HfConfig): HfConfig {
  const text = isRecord(config["text_config"]) ? config["text_config"] : config;
  const known = ofFamily(text) ? DEEPSEEK_V3_DEFAULTS : {};
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
