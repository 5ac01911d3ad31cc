import type { HfConfig } from "@moonlight-rl/model";
import type { Recipe } from "../schema.ts";
import { activationLines, logitsLine } from "./activations.ts";
import type { EngineMemory } from "./engine-memory.ts";
import type { Layout } from "./layout.ts";
import { planLine, sumLines, type PlanLine } from "./line.ts";
import { contextLine, libraryLines, residentLines } from "./trainer-memory.ts";

/** One stretch of the loop and what lies on the fullest GPU during it. */
export interface PhasePlan {
  readonly phase: "rollout" | "weight update" | "scoring" | "training" | "saving";
  readonly lines: readonly PlanLine[];
  readonly bytes: number;
  readonly low: number;
  readonly high: number;
}

/**
 * GPU memory phase by phase. Colocated, trainer and engine take turns: whoever sleeps leaves its CUDA context (and the
 * engine its graphs) behind; the trainer's process groups are destroyed while it sleeps (miles actor.py:299).
 */
export function phasePlans(
  config: HfConfig,
  recipe: Recipe,
  layout: Layout,
  engine: EngineMemory,
): PhasePlan[] {
  const { cluster, debug, performance: p } = recipe;
  const trains = !debug.rolloutOnly;
  const rolls = !debug.trainOnly && debug.loadRolloutData === null;
  const shares = cluster.colocate && trains && rolls;
  const resident = residentLines(config, recipe, layout);
  const libraries = libraryLines(config, recipe, layout);
  const trainerAsleep = shares
    ? (cluster.offloadTrain ?? true)
      ? [contextLine("trainer asleep")]
      : [...resident, ...libraries]
    : [];
  const engineAsleep = shares
    ? (cluster.offloadRollout ?? true)
      ? [contextLine("engine asleep"), engine.graphs]
      : [engine.weights, engine.kv, engine.graphs, ...engine.other]
    : [];
  const margin = planLine(
    "kept free by the trainer",
    p.trainMemoryMarginBytes,
    0,
    "performance.trainMemoryMarginBytes",
    "miles arguments.py:311",
  );
  const buckets = planLine(
    "weights on their way",
    3 * p.updateWeightBufferSize,
    0.5,
    `3 × ${p.updateWeightBufferSize} B: gathered, converted, sent`,
    "miles update_weight_from_tensor.py",
  );
  const engineLines = [engine.weights, engine.kv, engine.graphs, ...engine.other];
  const training = [...resident, ...libraries, margin, ...engineAsleep];
  return [
    ...(rolls ? [phase("rollout", [...engineLines, ...trainerAsleep])] : []),
    ...(rolls && trains
      ? [
          phase("weight update", [
            engine.weights,
            engine.graphs,
            contextLine("engine"),
            ...trainerAsleep,
            buckets,
          ]),
        ]
      : []),
    ...(trains
      ? [
          phase("scoring", [...training, logitsLine(config, recipe, layout, "score")]),
          phase("training", [
            ...training,
            ...activationLines(config, recipe, layout),
            logitsLine(config, recipe, layout, "train"),
          ]),
          phase("saving", training),
        ]
      : []),
  ];
}

function phase(name: PhasePlan["phase"], lines: readonly PlanLine[]): PhasePlan {
  return { phase: name, lines, ...sumLines(lines) };
}
