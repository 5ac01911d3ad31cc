import type { Args } from "../args.ts";
import { rule, transformer, type Step } from "../step.ts";

const activation = (a: Args): "gelu" | "silu" | "squared_relu" | "quick_gelu" => {
  if (a.on("squared_relu")) return "squared_relu";
  if (a.on("quick_geglu")) return "quick_gelu";
  return a.on("swiglu") ? "silu" : "gelu";
};

const gated = (a: Args): boolean => a.on("swiglu") || activation(a) === "quick_gelu";

const fused = (a: Args): boolean =>
  a.on(a.on("swiglu") ? "bias_swiglu_fusion" : "bias_gelu_fusion");

const latent = (a: Args): boolean => a.on("multi_latent_attention");

/** Activations, rotary embeddings and what does not go with latent attention. */
export const TRANSFORMER_ACTIVATION_STEPS: readonly Step[] = [
  rule(
    "activation-fused",
    transformer(1590),
    ["--squared-relu"],
    "this activation is not fused with the bias",
    "Drop --squared-relu.",
    (a) => fused(a) && activation(a) === "squared_relu",
  ),
  rule(
    "activation-gelu-bias",
    transformer(1599),
    ["--no-bias-gelu-fusion", "--disable-bias-linear"],
    "fusing with a bias needs one",
    "Add --no-bias-gelu-fusion.",
    (a) => fused(a) && activation(a) === "gelu" && !gated(a) && !a.on("add_bias_linear"),
  ),
  rule(
    "activation-offset",
    transformer(1609),
    ["--glu-linear-offset"],
    "the offset belongs to quick GEGLU",
    "Drop --glu-linear-offset.",
    (a) => fused(a) && !a.is("glu_linear_offset", 0) && activation(a) !== "quick_gelu",
  ),
  rule(
    "activation-engine-fused",
    transformer(1615),
    ["--use-te-activation-func", "--no-bias-swiglu-fusion"],
    "the activation is fused either with the bias or by Transformer Engine",
    "Add --no-bias-swiglu-fusion.",
    (a) => fused(a) && a.on("use_te_activation_func"),
  ),
  rule(
    "activation-engine",
    transformer(1623),
    ["--use-te-activation-func"],
    "Transformer Engine does not know this activation",
    "Drop the flag.",
    (a) => a.on("use_te_activation_func") && ["squared_relu", "quick_gelu"].includes(activation(a)),
  ),
  rule(
    "attention-latent-interleaved",
    transformer(1662),
    ["--rotary-interleaved", "--multi-latent-attention"],
    "latent attention rotates in its own order",
    "Drop --rotary-interleaved.",
    (a) => latent(a) && a.on("rotary_interleaved"),
  ),
];
