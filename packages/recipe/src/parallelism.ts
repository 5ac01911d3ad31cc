import { z } from "zod";
import { field } from "./field-facts.ts";

const layers = z.int().nullable();

/** How the trainer is split over GPUs (Megatron's words). miles only. */
export const parallelismSchema = z.strictObject({
  tensorModelParallelSize: field(z.int(), "GPUs that share one layer's tensors (TP).", {
    flag: "--tensor-model-parallel-size",
    usual: 1,
    unit: "GPUs",
    source: "MP:23",
  }),
  sequenceParallel: field(
    z.boolean(),
    "Whether activations between tensor-parallel regions are split too.",
    { flag: "--sequence-parallel", usual: false, source: "MG:971, MP:417" },
  ),
  pipelineModelParallelSize: field(z.int(), "Pipeline stages of layers (PP).", {
    flag: "--pipeline-model-parallel-size",
    usual: 1,
    unit: "stages",
    source: "MP:29",
  }),
  numLayersPerVirtualPipelineStage: field(
    layers,
    "Layers per interleaved chunk (VPP): smaller pipeline bubbles, more messages. null: not interleaved.",
    {
      flag: "--num-layers-per-virtual-pipeline-stage",
      usual: null,
      unit: "layers",
      source: "MG:2334, MG:574",
    },
  ),
  decoderFirstPipelineNumLayers: field(
    layers,
    "Layers of the first stage, where an even split is impossible or unwanted. null: even.",
    {
      flag: "--decoder-first-pipeline-num-layers",
      usual: null,
      unit: "layers",
      source: "MG:2315, A:2683",
    },
  ),
  decoderLastPipelineNumLayers: field(layers, "Layers of the last stage. null: even.", {
    flag: "--decoder-last-pipeline-num-layers",
    usual: null,
    unit: "layers",
    source: "MG:2319, A:2683",
  }),
  contextParallelSize: field(z.int(), "GPUs that share one sequence (CP).", {
    flag: "--context-parallel-size",
    usual: 1,
    unit: "GPUs",
    source: "MP:48",
  }),
  cpCommType: field(
    z.enum(["p2p", "a2a", "all_gather", "a2a+p2p"]),
    "How context-parallel ranks exchange keys and values: ring, head exchange, gathering, or both in two levels.",
    { flag: "--cp-comm-type", usual: "p2p", source: "MG:2447, TC:814" },
  ),
  hierarchicalContextParallelSizes: field(
    z.array(z.int()),
    "Sizes of the two levels of cpCommType a2a+p2p; their product is the context-parallel size.",
    {
      flag: "--hierarchical-context-parallel-sizes",
      usual: [],
      unit: "GPUs",
      source: "MG:408, MP:51",
    },
  ),
  allgatherCp: field(
    z.boolean(),
    "Whether sequences are split in one piece per context rank and gathered, for sparse attention.",
    { flag: "--allgather-cp", usual: false, source: "A:420" },
  ),
  expertModelParallelSize: field(z.int(), "GPUs that the experts are spread over (EP).", {
    flag: "--expert-model-parallel-size",
    usual: 1,
    unit: "GPUs",
    source: "MP:75, MG:1089",
  }),
  expertTensorParallelSize: field(
    z.int(),
    "GPUs that share one expert's tensors (ETP); miles alone would take the tensor-parallel size.",
    { flag: "--expert-tensor-parallel-size", unit: "GPUs", source: "MG:410" },
  ),
});
