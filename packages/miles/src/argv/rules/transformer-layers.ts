import type { Args } from "../args.ts";
import { modulo } from "../python-number.ts";
import { rule, transformer, type ArgvRule, type Step } from "../step.ts";

const latent = (a: Args): boolean => a.on("multi_latent_attention");

const communication = (a: Args): readonly unknown[] => a.list("cp_comm_type");

const local = (a: Args): boolean =>
  a.is("transformer_impl", "local") && a.none("true_on_policy_contract");

const optimised = (a: Args): boolean => a.is("transformer_impl", "inference_optimized");

function inference(
  line: number,
  name: string,
  flag: string,
  violated: (a: Args) => boolean,
): ArgvRule {
  return rule(
    `inference-optimised-${name}`,
    transformer(line),
    ["--transformer-impl", flag],
    "layers optimised for inference do not have this",
    "Use --transformer-impl transformer_engine.",
    (a) => optimised(a) && violated(a),
  );
}

/** Contexts, rotary embeddings and the kind of layers. */
export const TRANSFORMER_LAYER_STEPS: readonly Step[] = [
  rule(
    "context-communication",
    transformer(2051),
    ["--cp-comm-type", "--num-layers"],
    "kinds of communication are given for another number of layers",
    "Give one kind, or one a layer.",
    (a) =>
      a.num("context_parallel_size") > 1 &&
      communication(a).length !== 1 &&
      communication(a).length !== a.num("num_layers"),
  ),
  rule(
    "rope-skip-decode",
    transformer(2085),
    ["--flash-decode", "--no-rope-freq"],
    "flash decoding rotates every layer",
    "Drop --flash-decode.",
    (a) => a.on("no_rope_freq") && a.on("flash_decode"),
  ),
  rule(
    "rope-skip-divides",
    transformer(2087),
    ["--no-rope-freq", "--num-layers"],
    "the frequency does not divide the layers",
    "Use a divisor, or a list of one entry a layer.",
    (a) =>
      a.on("no_rope_freq") &&
      typeof a.get("no_rope_freq") === "number" &&
      modulo(a.num("num_layers"), a.num("no_rope_freq")) !== 0,
  ),
  rule(
    "rope-skip-list",
    transformer(2096),
    ["--no-rope-freq", "--num-layers"],
    "the list has not one entry a layer",
    "Give one entry a layer.",
    (a) =>
      a.on("no_rope_freq") &&
      Array.isArray(a.get("no_rope_freq")) &&
      a.list("no_rope_freq").length !== a.num("num_layers"),
  ),
  rule(
    "attention-eager-engine",
    transformer(2102),
    ["--transformer-impl", "--fallback-to-eager-attn"],
    "eager attention is a fallback of Transformer Engine",
    "Use --transformer-impl transformer_engine.",
    (a) => a.on("fallback_to_eager_attn") && !a.is("transformer_impl", "transformer_engine"),
  ),
  rule(
    "attention-eager-context",
    transformer(2119),
    ["--cp-comm-type", "--fallback-to-eager-attn"],
    "eager attention gathers split contexts",
    "Use --cp-comm-type all_gather.",
    (a) =>
      (a.on("fallback_to_eager_attn") || local(a)) &&
      a.num("context_parallel_size") > 1 &&
      communication(a).some((kind) => kind !== "all_gather"),
  ),
  inference(2125, "norm", "--normalization", (a) => !a.is("normalization", "RMSNorm")),
  inference(2126, "centred", "--apply-layernorm-1p", (a) => a.on("layernorm_zero_centered_gamma")),
  inference(2127, "bias", "--disable-bias-linear", (a) => a.on("add_bias_linear")),
  inference(2128, "qkv-bias", "--add-qkv-bias", (a) => a.on("add_qkv_bias")),
  inference(
    2130,
    "contract",
    "--true-on-policy-contract",
    (a) => !a.none("true_on_policy_contract"),
  ),
  rule(
    "on-policy-contract",
    transformer(2133),
    ["--transformer-impl", "--true-on-policy-contract"],
    "the contract is kept by local layers",
    "Use --transformer-impl local.",
    (a) => !a.none("true_on_policy_contract") && !a.is("transformer_impl", "local"),
  ),
  rule(
    "on-policy-vocabulary",
    transformer(2141),
    ["--true-on-policy-vocab-size"],
    "a vocabulary has a size",
    "Use a positive number.",
    (a) => !a.none("true_on_policy_vocab_size") && a.num("true_on_policy_vocab_size") <= 0,
  ),
  rule(
    "inference-fused",
    transformer(2144),
    ["--inference-fuse-tp-communication", "--transformer-impl"],
    "communication is fused only in layers optimised for inference",
    "Drop the flag.",
    (a) => a.on("inference_fuse_tp_communication") && !optimised(a),
  ),
  rule(
    "attention-batch-invariant",
    transformer(2151),
    ["--attention-backend", "--batch-invariant-mode"],
    "only flash attention does not depend on the batch",
    "Use --attention-backend flash.",
    (a) => a.on("batch_invariant_mode") && !a.is("attention_backend", "flash"),
  ),
  rule(
    "attention-latent-fusion",
    transformer(2220),
    ["--no-rope-fusion", "--rope-type"],
    "latent attention fuses YaRN rotary embeddings only",
    "Add --no-rope-fusion, or use --rope-type yarn.",
    (a) => latent(a) && a.on("apply_rope_fusion") && !a.is("rope_type", "yarn"),
  ),
  rule(
    "attention-latent-gate",
    transformer(2223),
    ["--attention-output-gate", "--multi-latent-attention"],
    "latent attention has no gate",
    "Drop --attention-output-gate.",
    (a) => latent(a) && a.on("attention_output_gate"),
  ),
  rule(
    "attention-latent-cache",
    transformer(2227),
    ["--cache-mla-latents", "--no-rope-fusion"],
    "cached latents exclude fused rotary embeddings",
    "Drop --cache-mla-latents: miles generates with SGLang.",
    (a) => latent(a) && a.on("cache_mla_latents") && a.on("apply_rope_fusion"),
  ),
];
