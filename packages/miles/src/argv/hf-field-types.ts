import { truth } from "./args.ts";
import type { Value } from "./flag-spec.ts";

/** Whether the number at a path is written as a float; undefined: not known. */
export type Written = (path: string) => boolean | undefined;
type Kind = (value: unknown, path: string, float: Written) => boolean;

const isInteger: Kind = (value, path, float) => Number.isInteger(value) && float(path) !== true;
const isSwitch: Kind = (value) => typeof value === "boolean";
const isReal: Kind = (value, path, float) => typeof value === "number" && float(path) !== false;
const isNumber: Kind = (value) => typeof value === "number";
const isText: Kind = (value) => typeof value === "string";
const isMapping: Kind = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const orNone =
  (kind: Kind): Kind =>
  (value, path, float) =>
    value === null || kind(value, path, float);
const listOf =
  (kind: Kind): Kind =>
  (value, path, float) =>
    Array.isArray(value) && value.every((item, place) => kind(item, `${path}.${place}`, float));
const mappingOf =
  (kind: Kind): Kind =>
  (value, path, float) =>
    isMapping(value, path, float) &&
    Object.entries(value as object).every(([key, item]) => kind(item, `${path}.${key}`, float));
const either =
  (...kinds: readonly Kind[]): Kind =>
  (value, path, float) =>
    kinds.some((kind) => kind(value, path, float));
const oneOf =
  (...texts: readonly string[]): Kind =>
  (value) =>
    texts.some((text) => text === value);

type FieldTypes = readonly (readonly [names: string, takes: Kind])[];

/** What transformers' strict class of DeepSeek-V3 takes; keys that are not its own are kept as they are. */
export const HF_FAMILY_FIELD_TYPES: FieldTypes = [
  [
    "vocab_size hidden_size intermediate_size moe_intermediate_size num_hidden_layers num_attention_heads n_shared_experts n_routed_experts kv_lora_rank qk_rope_head_dim qk_nope_head_dim max_position_embeddings",
    isInteger,
  ],
  [
    "num_key_value_heads q_lora_rank v_head_dim n_group topk_group num_experts_per_tok first_k_dense_replace pad_token_id bos_token_id pretraining_tp",
    orNone(isInteger),
  ],
  ["eos_token_id", orNone(either(isInteger, listOf(isInteger)))],
  ["routed_scaling_factor initializer_range rms_norm_eps", isReal],
  ["attention_dropout", orNone(isNumber)],
  ["hidden_act", isText],
  ["use_cache tie_word_embeddings attention_bias", isSwitch],
  ["norm_topk_prob rope_interleave", orNone(isSwitch)],
  ["rope_parameters", orNone(isMapping)],
  ["rope_scaling", (value, ...at) => !truth(value as Value) || isMapping(value, ...at)],
];

/** What the class behind all of them takes. */
export const HF_FIELD_TYPES: FieldTypes = [
  ["transformers_version", orNone(isText)],
  ["architectures", orNone(listOf(isText))],
  ["output_hidden_states return_dict", orNone(isSwitch)],
  ["chunk_size_feed_forward", isInteger],
  ["is_encoder_decoder", isSwitch],
  ["id2label", orNone(mappingOf(isText))],
  ["label2id", orNone(either(mappingOf(isInteger), mappingOf(isText)))],
  [
    "problem_type",
    orNone(oneOf("regression", "single_label_classification", "multi_label_classification")),
  ],
];
