import { faultIf, type Rule } from "./rule.ts";

/** `value` is a multiple of `unit`, where both are sane; bad counts are `range-count`'s business. */
function divides(unit: number, value: number): boolean {
  return unit < 1 || value < 1 || value % unit === 0;
}

export const PARALLELISM_RULES: readonly Rule[] = [
  {
    id: "parallelism-world",
    severity: "error",
    beyondReference: false,
    backend: "miles",
    reference:
      'AssertionError "world size (..) is not divisible by total_model_size" (MG:314-319).',
    check: ({ recipe: { parallelism: p }, arithmetic: { worldSize } }) => {
      const unit = p.tensorModelParallelSize * p.pipelineModelParallelSize * p.contextParallelSize;
      return faultIf(
        !divides(unit, worldSize),
        "parallelism.tensorModelParallelSize",
        `${worldSize} GPUs do not divide into copies of TP ${p.tensorModelParallelSize} × PP ${p.pipelineModelParallelSize} × CP ${p.contextParallelSize} = ${unit}`,
        `Choose sizes whose product divides ${worldSize}.`,
      );
    },
  },
  {
    id: "parallelism-experts-world",
    severity: "error",
    beyondReference: false,
    backend: "miles",
    reference: "RuntimeError at group init, in the actors only (PS:788-798).",
    check: ({ recipe: { parallelism: p }, arithmetic: { worldSize } }) => {
      const unit =
        p.expertTensorParallelSize * p.expertModelParallelSize * p.pipelineModelParallelSize;
      return faultIf(
        !divides(unit, worldSize),
        "parallelism.expertModelParallelSize",
        `${worldSize} GPUs do not divide into copies of ETP ${p.expertTensorParallelSize} × EP ${p.expertModelParallelSize} × PP ${p.pipelineModelParallelSize} = ${unit}`,
        `Choose sizes whose product divides ${worldSize}.`,
      );
    },
  },
  {
    id: "parallelism-heads",
    severity: "error",
    beyondReference: false,
    backend: "miles",
    reference: "ValueError (TC:1013-1017), in the actors.",
    check: ({ recipe: { parallelism: p }, hfConfig }) =>
      faultIf(
        hfConfig !== undefined && !divides(p.tensorModelParallelSize, hfConfig.num_attention_heads),
        "parallelism.tensorModelParallelSize",
        `${hfConfig?.num_attention_heads ?? 0} attention heads do not divide over TP ${p.tensorModelParallelSize}`,
        `Use a divisor of ${hfConfig?.num_attention_heads ?? 0}.`,
      ),
  },
  {
    id: "parallelism-experts",
    severity: "error",
    beyondReference: false,
    backend: "miles",
    reference: 'AssertionError "Number of experts should be a multiple…" (MG:1089-1092).',
    check: ({ recipe: { parallelism: p }, hfConfig }) =>
      faultIf(
        hfConfig !== undefined && !divides(p.expertModelParallelSize, hfConfig.n_routed_experts),
        "parallelism.expertModelParallelSize",
        `${hfConfig?.n_routed_experts ?? 0} experts do not divide over EP ${p.expertModelParallelSize}`,
        `Use a divisor of ${hfConfig?.n_routed_experts ?? 0}.`,
      ),
  },
  {
    id: "parallelism-layers",
    severity: "error",
    beyondReference: false,
    backend: "miles",
    reference:
      'AssertionError "Number of layers should be divisible by the pipeline-model-parallel size" (MG:635); with an uneven split a ValueError in the actors (TC:1505-1525).',
    check: ({ recipe: { parallelism: p }, hfConfig }) => {
      if (hfConfig === undefined) return [];
      const ends = [p.decoderFirstPipelineNumLayers, p.decoderLastPipelineNumLayers].filter(
        (layers) => layers !== null,
      );
      const layers = hfConfig.num_hidden_layers - ends.reduce((sum, end) => sum + end, 0);
      const stages = p.pipelineModelParallelSize - ends.length;
      const even = stages === 0 ? layers === 0 : divides(stages, layers) && layers >= stages;
      return faultIf(
        p.pipelineModelParallelSize > 1 && !even,
        "parallelism.pipelineModelParallelSize",
        `${layers} layers do not divide over ${ends.length === 0 ? `PP ${stages}` : `the ${stages} stages between`}`,
        `Use a divisor of ${hfConfig.num_hidden_layers}, or state the first and last stage's layers.`,
      );
    },
  },
  {
    id: "parallelism-moe-sequence-parallel",
    severity: "error",
    beyondReference: true,
    backend: "miles",
    reference:
      "Only a warning at configuration (MP:448-453); ValueError in the first training forward (moe_layer.py:394-398).",
    check: ({ recipe: { parallelism: p } }) =>
      faultIf(
        p.tensorModelParallelSize > 1 && !p.sequenceParallel,
        "parallelism.sequenceParallel",
        `a mixture of experts with TP ${p.tensorModelParallelSize} trains only with sequence parallelism`,
        "Set parallelism.sequenceParallel=true.",
      ),
  },
  {
    id: "parallelism-sequence-without-tensor",
    severity: "warning",
    beyondReference: true,
    backend: "miles",
    reference: "Switched off with a warning (MG:971-977).",
    check: ({ recipe: { parallelism: p } }) =>
      faultIf(
        p.sequenceParallel && p.tensorModelParallelSize === 1,
        "parallelism.sequenceParallel",
        "with TP 1 there is nothing to split, the reference switches it off",
        "Set it to false, or raise tensorModelParallelSize.",
      ),
  },
  {
    id: "parallelism-uneven-stages",
    severity: "error",
    beyondReference: false,
    backend: "miles",
    reference: "AssertionErrors (A:2683-2687; MG:574-640).",
    check: ({ recipe: { parallelism: p } }) =>
      faultIf(
        (p.decoderFirstPipelineNumLayers !== null || p.decoderLastPipelineNumLayers !== null) &&
          (p.pipelineModelParallelSize === 1 || p.numLayersPerVirtualPipelineStage !== null),
        "parallelism.decoderFirstPipelineNumLayers",
        "an uneven split needs several stages, and excludes numLayersPerVirtualPipelineStage",
        "Set the first and last stage to null, or raise pipelineModelParallelSize.",
      ),
  },
  {
    id: "parallelism-virtual-stages",
    severity: "error",
    beyondReference: false,
    backend: "miles",
    reference: "AssertionErrors (MG:596-640).",
    check: ({ recipe: { parallelism: p }, hfConfig }) =>
      faultIf(
        p.numLayersPerVirtualPipelineStage !== null &&
          (p.pipelineModelParallelSize === 1 ||
            (hfConfig !== undefined &&
              !divides(
                p.numLayersPerVirtualPipelineStage,
                hfConfig.num_hidden_layers / Math.max(1, p.pipelineModelParallelSize),
              ))),
        "parallelism.numLayersPerVirtualPipelineStage",
        `stages do not divide into chunks of ${p.numLayersPerVirtualPipelineStage ?? 0} layers`,
        "Use a divisor of the layers per stage, or null.",
      ),
  },
  {
    id: "parallelism-context-levels",
    severity: "error",
    beyondReference: false,
    backend: "miles",
    reference: "AssertionErrors (MG:404-408).",
    check: ({ recipe: { parallelism: p } }) =>
      faultIf(
        (p.cpCommType === "a2a+p2p" && p.hierarchicalContextParallelSizes.length === 0) ||
          (p.hierarchicalContextParallelSizes.length > 0 &&
            p.hierarchicalContextParallelSizes.reduce((a, b) => a * b, 1) !==
              p.contextParallelSize),
        "parallelism.hierarchicalContextParallelSizes",
        `the levels ${JSON.stringify(p.hierarchicalContextParallelSizes)} do not multiply to CP ${p.contextParallelSize}`,
        "State two sizes whose product is contextParallelSize, for cpCommType a2a+p2p only.",
      ),
  },
];
