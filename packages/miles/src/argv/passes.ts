import type { Args } from "./args.ts";
import { AFTER_MEGATRON_STEPS } from "./rules/after-megatron.ts";
import { ALGORITHM_STEPS } from "./rules/algorithm.ts";
import { CHECKPOINT_STEPS } from "./rules/checkpoints.ts";
import { DEFAULT_STEPS } from "./rules/defaults.ts";
import { EVALUATION_DATASET_STEPS } from "./rules/evaluation-datasets.ts";
import { FAULT_TOLERANCE_FIRST_STEPS, FAULT_TOLERANCE_STEPS } from "./rules/fault-tolerance.ts";
import { HF_STEPS } from "./rules/hf.ts";
import { INIT_STEPS } from "./rules/init.ts";
import { LAYER_SPEC_STEPS } from "./rules/layer-specs.ts";
import { LORA_STEPS } from "./rules/lora.ts";
import { MEGATRON_ATTENTION_STEPS } from "./rules/megatron-attention.ts";
import { MEGATRON_EXPERT_STEPS } from "./rules/megatron-experts.ts";
import { MEGATRON_GROUP_STEPS } from "./rules/megatron-groups.ts";
import { MEGATRON_LAYER_STEPS } from "./rules/megatron-layers.ts";
import { MEGATRON_OPTIMIZER_STEPS } from "./rules/megatron-optimizer.ts";
import { MEGATRON_PARALLEL_STEPS } from "./rules/megatron-parallel.ts";
import { MEGATRON_PIPELINE_STEPS } from "./rules/megatron-pipeline.ts";
import { MEGATRON_PRECISION_STEPS } from "./rules/megatron-precision.ts";
import { MEGATRON_SHARDING_STEPS } from "./rules/megatron-sharding.ts";
import { MEGATRON_SIZE_STEPS } from "./rules/megatron-sizes.ts";
import { MEGATRON_TRAINING_STEPS } from "./rules/megatron-training.ts";
import { MODEL_SETUP_STEPS } from "./rules/model-setup.ts";
import { OFFLOAD_STEPS } from "./rules/offload.ts";
import { OPTIMIZER_STEPS } from "./rules/optimizer-schedule.ts";
import { PLACEMENT_STEPS } from "./rules/placement.ts";
import { ROLLOUT_BUDGET_STEPS } from "./rules/rollout-budget.ts";
import { ROLLOUT_FUNCTION_STEPS } from "./rules/rollout-functions.ts";
import { SAVING_STEPS } from "./rules/saving.ts";
import { SESSION_STEPS } from "./rules/session.ts";
import { TRANSFORMER_ACTIVATION_STEPS } from "./rules/transformer-activation.ts";
import { TRANSFORMER_EXPERT_STEPS, TRANSFORMER_ROUTER_STEPS } from "./rules/transformer-experts.ts";
import { TRANSFORMER_GRAPH_STEPS } from "./rules/transformer-graphs.ts";
import { TRANSFORMER_LAYER_STEPS } from "./rules/transformer-layers.ts";
import { TRANSFORMER_MEMORY_STEPS } from "./rules/transformer-memory.ts";
import { TRANSFORMER_OVERLAP_STEPS } from "./rules/transformer-overlap.ts";
import { TRANSFORMER_PIPELINE_STEPS } from "./rules/transformer-pipeline.ts";
import { TRANSFORMER_SHAPE_STEPS } from "./rules/transformer-shape.ts";
import type { ArgvStage, Step } from "./step.ts";

/** Steps of one validator of the reference. */
export interface Pass {
  readonly stage: ArgvStage;
  /** Whether it happens at all; always when absent. */
  readonly applies?: (args: Args) => boolean;
  /** It works on a configuration object of its own: its overrides do not reach the namespace. */
  readonly scratch?: true;
  readonly steps: readonly Step[];
}

/** The reference's validators in its order: the first complaint is the only one. */
export const PASSES: readonly Pass[] = [
  { stage: "hf", steps: HF_STEPS },
  {
    stage: "miles",
    steps: [
      ...DEFAULT_STEPS,
      ...FAULT_TOLERANCE_FIRST_STEPS,
      ...EVALUATION_DATASET_STEPS,
      ...FAULT_TOLERANCE_STEPS,
      ...SESSION_STEPS,
      ...CHECKPOINT_STEPS,
      ...SAVING_STEPS,
      ...LORA_STEPS,
      ...ALGORITHM_STEPS,
      ...PLACEMENT_STEPS,
      ...OFFLOAD_STEPS,
      ...ROLLOUT_FUNCTION_STEPS,
      ...ROLLOUT_BUDGET_STEPS,
    ],
  },
  {
    stage: "megatron",
    steps: [
      ...MEGATRON_PARALLEL_STEPS,
      ...MEGATRON_PIPELINE_STEPS,
      ...MEGATRON_SHARDING_STEPS,
      ...MEGATRON_PRECISION_STEPS,
      ...MEGATRON_SIZE_STEPS,
      ...MEGATRON_TRAINING_STEPS,
      ...MEGATRON_ATTENTION_STEPS,
      ...MEGATRON_EXPERT_STEPS,
      ...MEGATRON_GROUP_STEPS,
      ...MEGATRON_OPTIMIZER_STEPS,
      ...MEGATRON_LAYER_STEPS,
    ],
  },
  { stage: "miles", steps: AFTER_MEGATRON_STEPS },
  { stage: "init", applies: trains, steps: INIT_STEPS },
  { stage: "config", applies: trains, steps: MODEL_SETUP_STEPS },
  {
    stage: "config",
    applies: (args) => trains(args) && !args.is("megatron_to_hf_mode", "bridge"),
    scratch: true,
    steps: [
      ...TRANSFORMER_SHAPE_STEPS,
      ...TRANSFORMER_EXPERT_STEPS,
      ...TRANSFORMER_MEMORY_STEPS,
      ...TRANSFORMER_PIPELINE_STEPS,
      ...TRANSFORMER_ACTIVATION_STEPS,
      ...TRANSFORMER_ROUTER_STEPS,
      ...TRANSFORMER_GRAPH_STEPS,
      ...TRANSFORMER_OVERLAP_STEPS,
      ...TRANSFORMER_LAYER_STEPS,
      ...LAYER_SPEC_STEPS,
    ],
  },
  {
    stage: "config",
    applies: (args) => trains(args) && !args.on("debug_disable_optimizer"),
    steps: OPTIMIZER_STEPS,
  },
];

/** Without training no process of the trainer starts, so nothing of its setup runs. */
function trains(args: Args): boolean {
  return !args.on("debug_rollout_only");
}
