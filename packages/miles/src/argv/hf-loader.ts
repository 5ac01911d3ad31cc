import { truth } from "./args.ts";
import type { Value } from "./flag-spec.ts";
import { isRecord, ofFamily, remoteCode, type HfConfig } from "./hf-config.ts";
import { HF_FIELD_TYPES, HF_FAMILY_FIELD_TYPES, type Written } from "./hf-field-types.ts";

/** Why transformers' loader would end with an exception, and part of the path of the file that raises it. */
export interface LoaderFault {
  readonly reason: string;
  readonly outside: string;
}

/** Where transformers keeps what raises. */
const STRICT = "dataclasses";
const CONFIGURATION = "configuration_utils";
const ROPE = "modeling_rope_utils";
const AUTO = "configuration_auto";

/**
 * What transformers 5.12.1 finds wrong with a config.json of a known model_type: the first of types of keys, kinds of
 * layers and rotary embeddings. Undefined: nothing, or the checkpoint's own code reads it.
 *
 * @param floats where the file writes a number as a float; undefined: not known
 */
export function loaderFault(
  config: HfConfig,
  floats: ReadonlySet<string> | undefined,
): LoaderFault | undefined {
  const map = config["auto_map"];
  if ("attribute_map" in config && !isContainer(config["attribute_map"]))
    return { reason: "attribute_map is no mapping", outside: STRICT };
  if ("auto_map" in config && !isContainer(map))
    return { reason: "auto_map is no mapping", outside: AUTO };
  if (isRecord(map) && "AutoConfig" in map && typeof map["AutoConfig"] !== "string")
    return { reason: "auto_map names no class", outside: AUTO };
  if (remoteCode(config) !== undefined) return undefined;
  const float: Written = (path) => floats?.has(path);
  return (
    typeFault(config, float) ??
    attributeFault(config, float) ??
    layerFault(config) ??
    ropeFault(config)
  );
}

function isContainer(value: unknown): boolean {
  return typeof value === "string" || (typeof value === "object" && value !== null);
}

/** What the base class makes of keys while it takes them. */
function attributeFault(config: HfConfig, float: Written): LoaderFault | undefined {
  for (const key of ["dtype", "torch_dtype"]) {
    const dtype = config[key];
    if (typeof dtype === "string" && !TORCH_DTYPES.has(dtype))
      return { reason: `${key} "${dtype}" is none of PyTorch's`, outside: "torch/__init__" };
    // It is printed, and split at a point.
    if (Array.isArray(dtype) && !dtype.some((_, place) => float(`${key}.${place}`)))
      return { reason: `${key} is a list`, outside: CONFIGURATION };
  }
  const labels = config["id2label"];
  if (isRecord(labels) && Object.keys(labels).some((key) => !/^\s*[+-]?\d+\s*$/.test(key)))
    return { reason: "a key of id2label is no number", outside: CONFIGURATION };
  const count = config["num_labels"];
  const counts = typeof count === "boolean" || (Number.isInteger(count) && !float("num_labels"));
  if ("num_labels" in config && !counts)
    return { reason: "num_labels is no whole number", outside: CONFIGURATION };
  const quantised = config["quantization_config"];
  if ((quantised ?? null) !== null && !isRecord(quantised))
    return { reason: "quantization_config is no mapping", outside: CONFIGURATION };
  return "use_return_dict" in config
    ? { reason: "use_return_dict cannot be set", outside: CONFIGURATION }
    : undefined;
}

/** Names of PyTorch's kinds of numbers, which the loader looks up in the module. */
const TORCH_DTYPES = new Set(
  "bfloat16 bool cdouble cfloat chalf complex128 complex32 complex64 double float float16 float32 float64 float8_e4m3fn float8_e4m3fnuz float8_e5m2 float8_e5m2fnuz float8_e8m0fnu float4_e2m1fn_x2 half int int16 int32 int64 int8 long short uint16 uint32 uint64 uint8".split(
    " ",
  ),
);

function typeFault(config: HfConfig, float: Written): LoaderFault | undefined {
  const types = ofFamily(config) ? [...HF_FAMILY_FIELD_TYPES, ...HF_FIELD_TYPES] : HF_FIELD_TYPES;
  for (const [names, takes] of types) {
    const wrong = names.split(" ").find((key) => key in config && !takes(config[key], key, float));
    if (wrong !== undefined) return { reason: wrong, outside: STRICT };
  }
  return undefined;
}

const LAYER_KINDS = new Set(
  "full_attention sliding_attention chunked_attention compressed_sparse_attention heavily_compressed_attention minimax_m3_sparse linear_attention conv mamba attention sparse dense hybrid moe deepseek_sparse_attention".split(
    " ",
  ),
);

/** `layer_types` is looked at first, and `mlp_layer_types` only where that is there. */
function layerFault(config: HfConfig): LoaderFault | undefined {
  if (!ofFamily(config)) return undefined;
  for (const key of ["layer_types", "mlp_layer_types"]) {
    const kinds = config[key] ?? null;
    if (kinds === null) return undefined;
    const listed: readonly unknown[] = Array.isArray(kinds)
      ? kinds
      : isRecord(kinds)
        ? Object.keys(kinds)
        : typeof kinds === "string"
          ? [...kinds]
          : [undefined];
    const known = listed.every((kind) => typeof kind === "string" && LAYER_KINDS.has(kind));
    if (!known) return { reason: `${key} names a kind that is not known`, outside: STRICT };
    if ("num_hidden_layers" in config && config["num_hidden_layers"] !== listed.length)
      return { reason: `${key} has ${listed.length} entries`, outside: STRICT };
  }
  return undefined;
}

/** Keys without which a kind of rotary embedding cannot be; the loader fills in the kind, the base and, for some, the length. */
const ROPE_KEYS: Readonly<Record<string, readonly string[]>> = {
  linear: ["factor"],
  dynamic: ["factor"],
  yarn: ["factor"],
  longrope: ["short_factor", "long_factor"],
  llama3: ["factor", "low_freq_factor", "high_freq_factor"],
};

function ropeFault(config: HfConfig): LoaderFault | undefined {
  if (!ofFamily(config)) return undefined;
  const scaling = (config["rope_scaling"] ?? null) as Value;
  const rope = truth(scaling) ? scaling : config["rope_parameters"];
  if (!isRecord(rope)) return undefined;
  const kind = rope["rope_type"] ?? rope["type"] ?? "default";
  if (typeof kind !== "string") return undefined;
  const missing = (ROPE_KEYS[kind] ?? []).filter((key) => !(key in rope));
  if (missing.length > 0)
    return {
      reason: `rotary embeddings of kind ${kind} lack ${missing.join(", ")}`,
      outside: ROPE,
    };
  const length = rope["original_max_position_embeddings"];
  if (kind === "yarn") {
    if (length === 0) return { reason: "original_max_position_embeddings is 0", outside: ROPE };
    const wrong = notNumbers(rope, ["original_max_position_embeddings"], false);
    const beta = notNumbers(rope, ["beta_fast", "beta_slow"], true);
    if (wrong !== undefined || beta !== undefined)
      return { reason: `${wrong ?? beta ?? ""} is no number`, outside: STRICT };
  }
  if (kind === "llama3") {
    const keys = ["low_freq_factor", "high_freq_factor", "original_max_position_embeddings"];
    const wrong = notNumbers(rope, keys, false);
    if (wrong !== undefined) return { reason: `${wrong} is no number`, outside: STRICT };
  }
  return undefined;
}

/** The first key that is there and that Python could not calculate with. */
function notNumbers(
  rope: HfConfig,
  keys: readonly string[],
  optional: boolean,
): string | undefined {
  return keys.find((key) => {
    const value = rope[key];
    if (value === undefined || (optional && !truth(value as Value))) return false;
    return typeof value !== "number" && typeof value !== "boolean";
  });
}
