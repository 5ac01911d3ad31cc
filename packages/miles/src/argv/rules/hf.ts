import { describe, same, type Args } from "../args.ts";
import type { Value } from "../flag-spec.ts";
import { loadedConfig, remoteCode, strayTextConfig } from "../hf-config.ts";
import { loaderFault } from "../hf-loader.ts";
import { MODEL_TYPES } from "../hf-model-types.ts";
import { miles, rule, type Step, type Violation } from "../step.ts";
import { isRepository, type World } from "../world.ts";

type Field = readonly [config: string, attribute: string, flag: string, negated?: true];

const FIELDS: readonly Field[] = [
  ["hidden_size", "hidden_size", "--hidden-size"],
  ["num_attention_heads", "num_attention_heads", "--num-attention-heads"],
  ["num_hidden_layers", "num_layers", "--num-layers"],
  ["intermediate_size", "ffn_hidden_size", "--ffn-hidden-size"],
  ["moe_intermediate_size", "moe_ffn_hidden_size", "--moe-ffn-hidden-size"],
  [
    "tie_word_embeddings",
    "untie_embeddings_and_output_weights",
    "--untie-embeddings-and-output-weights",
    true,
  ],
  ["rms_norm_eps", "layernorm_epsilon", "--norm-epsilon"],
  ["rope_theta", "rotary_base", "--rotary-base"],
];

function checked(args: Args): boolean {
  return args.on("hf_checkpoint");
}

function mismatches(args: Args, world: World): Violation | boolean {
  if (world.hfConfig === undefined || !checked(args)) return false;
  const config = loadedConfig(world.hfConfig);
  const found: string[] = [];
  for (const [key, attribute, flag, negated] of FIELDS) {
    if (!(key in config)) continue;
    const theirs = (config[key] ?? null) as Value;
    const ours = args.get(attribute);
    if (same(theirs, ours) !== (negated === true)) continue;
    found.push(`config.json says ${key} ${describe(theirs)}, ${flag} says ${describe(ours)}`);
  }
  return found.length > 0 && { reason: found.join("; ") };
}

function unreadable(args: Args, world: World): boolean {
  const path = checked(args) ? args.text("hf_checkpoint") : null;
  // What names no repository of the Hub must be a folder.
  if (path === null || isRepository(path)) return false;
  const kind = world.files.kind(path);
  const config = `${path.replace(/\/+$/, "")}/config.json`;
  return kind === "absent" || (kind === "directory" && world.files.kind(config) === "absent");
}

function unknownType(args: Args, { hfConfig }: World): Violation | boolean {
  if (hfConfig === undefined || !checked(args) || remoteCode(hfConfig) !== undefined) return false;
  const type = hfConfig["model_type"];
  if (typeof type === "string" && MODEL_TYPES.has(type)) return false;
  return { reason: `model_type is ${describe((type ?? null) as Value)}` };
}

/** The checkpoint's own code is a file beside config.json; `REPOSITORY--` in front of it is one of the Hub. */
function codeMissing(args: Args, world: World): Violation | boolean {
  const name = world.hfConfig === undefined ? undefined : remoteCode(world.hfConfig);
  const path = checked(args) ? args.text("hf_checkpoint") : null;
  if (name === undefined || path === null || isRepository(path) || name.includes("--"))
    return false;
  const file = `${path.replace(/\/+$/, "")}/${name.split(".")[0] ?? ""}.py`;
  return world.files.kind(file) === "absent" && { reason: `${file} is not there` };
}

function oldContextParallel(args: Args, world: World): boolean {
  if (world.hfConfig === undefined || !checked(args) || args.num("context_parallel_size") <= 1) {
    return false;
  }
  const name = (args.text("model_name") ?? "").toLowerCase().replaceAll(/[-_]/g, "");
  const v4 = loadedConfig(world.hfConfig)["model_type"] === "deepseek_v4";
  return (v4 || name.includes("deepseekv4")) && !args.on("allgather_cp");
}

/** The checkpoint's config.json against the model flags. */
export const HF_STEPS: readonly Step[] = [
  rule(
    "hf-checkpoint-unreadable",
    miles(2640),
    ["--hf-checkpoint"],
    "there is no checkpoint to read config.json from",
    "Point it at the folder that holds config.json.",
    unreadable,
    "transformers",
  ),
  rule(
    "hf-model-type",
    miles(2640),
    ["--hf-checkpoint"],
    "config.json names no model_type that this transformers (5.12.1) or SGLang knows, and has no code of its own",
    "Restore the model_type in config.json (deepseek_v3 for Moonlight).",
    unknownType,
    "transformers",
  ),
  rule(
    "hf-remote-code",
    miles(2640),
    ["--hf-checkpoint"],
    "config.json is read by code of the checkpoint's own, and that is missing",
    "Fetch the checkpoint's .py files as well, or remove auto_map from config.json.",
    codeMissing,
    "transformers",
  ),
  rule(
    "hf-field-type",
    miles(2640),
    ["--hf-checkpoint"],
    "config.json holds a value that the loader does not take",
    "Write sizes as whole numbers (27, not 27.0), factors with a point (1.0) and switches as true or false.",
    (args, { hfConfig, hfFloats }) =>
      hfConfig !== undefined && checked(args) && (loaderFault(hfConfig, hfFloats) ?? false),
    "dataclasses",
  ),
  rule(
    "hf-text-config",
    miles(3559),
    ["--hf-checkpoint"],
    "config.json nests a text_config, which this family of models does not have",
    "Remove text_config from config.json.",
    (args, { hfConfig }) => checked(args) && hfConfig !== undefined && strayTextConfig(hfConfig),
  ),
  rule(
    "hf-zigzag-context-parallel",
    miles(3560),
    ["--allgather-cp", "--context-parallel-size"],
    "DeepSeek V4 splits long contexts only by all-gather",
    "Add --allgather-cp, or use --context-parallel-size 1.",
    oldContextParallel,
  ),
  rule(
    "hf-old-megatron",
    miles(3582),
    ["--hf-checkpoint"],
    "DEPRECATED_MEGATRON_COMPATIBLE=1 makes miles look for an attribute that this Megatron does not have",
    "Unset DEPRECATED_MEGATRON_COMPATIBLE.",
    (args, world) =>
      checked(args) &&
      world.hfConfig !== undefined &&
      world.env("DEPRECATED_MEGATRON_COMPATIBLE") === "1" &&
      "rms_norm_eps" in loadedConfig(world.hfConfig) &&
      !args.has("norm_epsilon"),
  ),
  rule(
    "hf-mismatch",
    miles(3589),
    FIELDS.map(([, , flag]) => flag),
    "the model flags describe another model than config.json",
    "Derive the model flags from config.json.",
    mismatches,
  ),
];
