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
export function ofFamily(config: HfConfig): boolean {
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

export function isRecord(value: unknown): value is HfConfig {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
