import type { HfConfig } from "@moonlight-rl/model";
import type { Recipe } from "../schema.ts";
import type { Layout } from "./layout.ts";
import { planLine, type PlanLine } from "./line.ts";
import { paddedVocabulary } from "./sharding.ts";

const BF16 = 2;
const FP32 = 4;
/** Share by which the busiest rank's expert tokens exceed the mean; routers are not perfectly balanced. */
const EXPERT_IMBALANCE = 1.3;

/** Most tokens that one context-parallel rank has in a micro-batch. A sample longer than the cap gets one of its own. */
export function tokensPerMicroBatch({ performance, rollout }: Recipe, cp: number): number {
  // The prompt's length is not part of the recipe unless it is limited; prompts here are short questions.
  const sample = rollout.maxResponseLen + (rollout.maxPromptLen ?? 512);
  const longest = Math.ceil(Math.min(sample, rollout.maxContextLen ?? sample) / cp);
  if (!performance.useDynamicBatchSize) return longest * Math.max(1, performance.microBatchSize);
  return Math.max(performance.maxTokensPerGpu ?? longest, longest);
}

/** Bytes per token that one layer keeps for its backward pass, without recomputation. */
export function layerBytesPerToken(
  config: HfConfig,
  { parallelism }: Recipe,
  { tp, etp }: Layout,
  moe: boolean,
): number {
  const split = parallelism.sequenceParallel ? tp : 1;
  const h = config.hidden_size / split;
  const heads = config.num_attention_heads / tp;
  const qk = config.qk_nope_head_dim + config.qk_rope_head_dim;
  const attention =
    // layer input, norm output; query, key, value and output of attention; latent vector; projected output
    2 * h +
    heads * (2 * qk + 2 * config.v_head_dim) +
    heads * (config.qk_nope_head_dim + config.v_head_dim) +
    config.kv_lora_rank +
    config.qk_rope_head_dim +
    h;
  if (!moe) return BF16 * (attention + 2 * h + (3 * config.intermediate_size) / tp);
  const width = config.moe_intermediate_size;
  const shared = config.n_shared_experts * width;
  // Each rank brings its own tokens and, on balance, gets as many expert copies back as it sends out.
  const copies = ((config.num_experts_per_tok * etp) / split) * EXPERT_IMBALANCE;
  const routed = copies * (2 * config.hidden_size + (3 * width) / etp);
  return (
    BF16 * (attention + 3 * h + routed + (3 * shared) / tp) +
    (FP32 * config.n_routed_experts) / split
  );
}

/** What the trainer's forward and backward passes keep beside weights, gradients and states. */
export function activationLines(config: HfConfig, recipe: Recipe, layout: Layout): PlanLine[] {
  const { performance: p, parallelism } = recipe;
  const tokens = tokensPerMicroBatch(recipe, layout.cp);
  const split = parallelism.sequenceParallel ? layout.tp : 1;
  const layers = layout.layers[0] ?? config.num_hidden_layers;
  const perLayer = tokens * layerBytesPerToken(config, recipe, layout, true);
  const input = (tokens * config.hidden_size * BF16) / split;
  const group = Math.max(1, Math.min(p.recomputeNumLayers ?? 1, layers));
  const depth = layout.microBatchesInFlight;
  const source = "Megatron-LM transformer/transformer_block.py; sizes from config.json";
  if (p.recomputeGranularity === "full") {
    const uniform = p.recomputeMethod !== "block";
    const kept = uniform ? Math.ceil(layers / group) : group;
    const whole = uniform ? 0 : layers - group;
    return [
      planLine(
        "activations kept (layer inputs)",
        depth * (kept * input + whole * perLayer),
        0.15,
        `${round(depth)} micro-batches × ${kept} inputs × ${tokens} tokens × ${config.hidden_size} × 2 B ÷ ${split}${whole === 0 ? "" : ` + ${whole} layers in full`}`,
        source,
      ),
      planLine(
        "activations of the layers being recomputed, and their gradients",
        2 * (uniform ? group : 1) * perLayer,
        0.4,
        `2 × ${uniform ? group : 1} layers × ${tokens} tokens × ${Math.round(perLayer / tokens)} B, experts ${EXPERT_IMBALANCE} × balanced`,
        source,
      ),
    ];
  }
  // Selective recomputation drops attention's inner tensors, which fused kernels never keep; what else it drops is small.
  return [
    planLine(
      "activations kept (all layers)",
      depth * layers * perLayer,
      0.3,
      `${round(depth)} micro-batches × ${layers} layers × ${tokens} tokens × ${Math.round(perLayer / tokens)} B`,
      source,
    ),
    planLine(
      "gradients of one layer's activations",
      perLayer,
      0.4,
      "one layer's activations once more",
      source,
    ),
  ];
}

/**
 * Logits over the vocabulary and their float32 copies, in the pass that is trained on or only scored. They are freed
 * before the first layer is recomputed; the plan adds both, on the safe side.
 */
export function logitsLine(
  config: HfConfig,
  recipe: Recipe,
  layout: Layout,
  pass: "train" | "score",
): PlanLine {
  const { performance: p, algorithm } = recipe;
  const tokens =
    pass === "score"
      ? (p.logProbsMaxTokensPerGpu ?? tokensPerMicroBatch(recipe, layout.cp))
      : tokensPerMicroBatch(recipe, layout.cp);
  const columns = paddedVocabulary(config, layout.tp) / layout.tp;
  const chunked = p.logProbsChunkSize > 0 ? Math.min(1, p.logProbsChunkSize / tokens) : 1;
  const entropy = algorithm.entropyCoef !== 0 ? 8 : 0;
  // Output in float32, the softmax that is kept, and its gradient on the way back.
  const perLogit = pass === "train" ? FP32 + FP32 + FP32 + entropy : FP32 + FP32 * chunked;
  return planLine(
    pass === "train"
      ? "logits, float32 copies and gradient"
      : "logits and float32 copies (scoring)",
    tokens * columns * perLogit,
    0.3,
    `${tokens} tokens × ${columns} columns × ${round(perLogit)} B`,
    "miles loss_hub/math_utils.py:280, 935; the same operations alone peaked at 10 (training) and 8 B (scoring) per logit on an H200",
  );
}

const round = (value: number): string => String(Math.round(value * 100) / 100);
