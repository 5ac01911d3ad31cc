import type { HfConfig } from "@moonlight-rl/model";
import { rolloutArithmetic } from "../arithmetic.ts";
import type { Recipe } from "../schema.ts";
import type { Layout } from "./layout.ts";
import { planLine, type PlanLine } from "./line.ts";
import { heaviestStage, ownedParameters, stateBytesPerParameter } from "./trainer-memory.ts";

const GIB = 2 ** 30;

/** Main memory of one node of the trainer. */
export function hostLines(config: HfConfig, recipe: Recipe, layout: Layout): PlanLine[] {
  const { optimizer: o, algorithm: a, cluster, checkpoint, rollout } = recipe;
  const ranks = layout.gpusPerNode;
  const stage = heaviestStage(config, layout);
  const parameters = stage.dense + stage.expert;
  const owned = ownedParameters(recipe, layout, stage);
  const states = stateBytesPerParameter(recipe);
  const reference = a.useKlLoss || a.klCoef !== 0;
  const copies = (cluster.colocate || reference ? 1 : 0) + (reference ? 1 : 0);
  const { samplesPerRollout } = rolloutArithmetic(recipe);
  const tokens = samplesPerRollout * (rollout.maxResponseLen + 512);
  const replay =
    a.routingReplay === "rollout" ? 4 * config.num_hidden_layers * config.num_experts_per_tok : 0;
  const asleep = cluster.colocate && (cluster.offloadTrain ?? true);
  const onGpu = o.cpuOffload ? 1 - o.offloadFraction : 1;
  return [
    planLine(
      "offloaded optimizer",
      o.cpuOffload ? ranks * owned * (states + 4) * o.offloadFraction : 0,
      0.1,
      o.cpuOffload
        ? `${ranks} ranks × ${(owned / 1e6).toFixed(1)} M parameters × (${states} B states + 4 B gradient) × ${o.offloadFraction}, pinned`
        : "states stay on the GPU",
      "Megatron-LM cpu_offloading/hybrid_optimizer.py",
    ),
    planLine(
      "weight backups",
      ranks * parameters * 2 * copies,
      0.05,
      `${ranks} ranks × ${(parameters / 1e6).toFixed(1)} M parameters × 2 B × ${copies} (${reference ? "actor and reference" : "actor"}), pinned`,
      "miles utils/tensor_backper.py",
    ),
    planLine(
      "states of the sleeping trainer",
      asleep && cluster.offloadTrainTarget === "cpu" ? ranks * owned * states * onGpu : 0,
      0.2,
      "optimizer states on the GPU, while engines have it",
      "torch_memory_saver's backup; weights and gradients are not backed up (arguments.py:3285)",
    ),
    planLine(
      "processes",
      ranks * 9 * GIB,
      0.4,
      `${ranks} × (5 GiB trainer + 4 GiB engine)`,
      "estimate: Python, CUDA's host side, pinned staging",
    ),
    planLine(
      "samples in Ray's object store",
      tokens * (64 + replay),
      0.6,
      `${samplesPerRollout} samples × ${rollout.maxResponseLen + 512} tokens × ${64 + replay} B${replay === 0 ? "" : " with the engine's choice of experts"}`,
      "miles ray/rollout/train_data_conversion.py",
    ),
    planLine(
      "staging of an asynchronous save",
      checkpoint.asyncSave ? ranks * (parameters * 2 + owned * states) : 0,
      0.3,
      checkpoint.asyncSave ? "a copy of what is being written" : "saves are synchronous",
      "Megatron-LM dist_checkpointing/strategies/async_utils.py",
    ),
  ];
}
