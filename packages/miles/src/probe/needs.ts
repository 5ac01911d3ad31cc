import type { HfConfig } from "@moonlight-rl/model";
import { planRecipe, type GpuType, type Recipe } from "@moonlight-rl/recipe";
import type { LaunchPlan } from "../launch/launch-plan.ts";
import type { ProbeQuestions } from "./run-probe.ts";

/** The commit of miles that our rules, flags and log formats were read from. */
export const REFERENCE_COMMIT = "06286243";

/** Something that a run needs on each node. */
export interface NeededModule {
  readonly name: string;
  readonly packages: readonly string[];
  /** Why; absent: miles imports it in any case. */
  readonly because?: string;
}

/** What a recipe needs of the nodes that it runs on. Bytes. */
export interface NodeNeeds {
  readonly nodes: number;
  readonly gpusPerNode: number;
  readonly gpuType: GpuType;
  /** Memory of a GPU as the plan assumes it. */
  readonly gpuBytes: number;
  /** Main memory of a node: likely, and at most. */
  readonly hostBytes: number;
  readonly hostHigh: number;
  readonly perSaveBytes: number;
  readonly keptBytes: number;
  readonly save: string | null;
  /** What must be there before the start, by field of the recipe. */
  readonly paths: readonly { readonly field: string; readonly path: string }[];
  readonly ports: readonly number[];
  readonly modules: readonly NeededModule[];
}

const ALWAYS: readonly NeededModule[] = [
  { name: "torch", packages: ["torch"] },
  { name: "ray", packages: ["ray"] },
  { name: "miles", packages: ["miles"] },
  { name: "megatron.core", packages: ["megatron-core", "megatron_core"] },
  { name: "sglang", packages: ["sglang"] },
  { name: "transformer_engine", packages: ["transformer-engine", "transformer_engine"] },
  { name: "mbridge", packages: ["mbridge"] },
  { name: "transformers", packages: ["transformers"] },
];

/** The needs of a recipe: machines from its arguments, memory and disk from the planner. */
export function nodeNeeds({ recipe, ...launch }: LaunchPlan, config: HfConfig): NodeNeeds {
  const plan = planRecipe(recipe, config);
  const { checkpoint } = recipe;
  const inputs = [
    ["launch.milesPath", `${recipe.launch.milesPath.replace(/\/+$/, "")}/train.py`],
    ["runtime.megatronPath", recipe.runtime.megatronPath],
    ["model.hfCheckpoint", recipe.model.hfCheckpoint],
    ["checkpoint.refLoad", checkpoint.refLoad],
    ["data.promptData", recipe.data.promptData],
    ...(recipe.eval.interval === null
      ? []
      : recipe.eval.datasets.map(({ path }, i) => [`eval.datasets.${i}.path`, path] as const)),
  ] as const;
  return {
    nodes: launch.nodes,
    gpusPerNode: launch.gpusPerNode,
    gpuType: plan.gpuType,
    gpuBytes: plan.gpuBytes,
    hostBytes: plan.host.bytes,
    hostHigh: plan.host.high,
    perSaveBytes: plan.disk.bytesPerSave,
    keptBytes: plan.disk.bytes,
    save: checkpoint.save,
    paths: inputs.flatMap(([field, path]) => (path === null ? [] : [{ field, path }])),
    ports: [recipe.launch.rayPort, recipe.launch.dashboardPort],
    modules: [...ALWAYS, ...modulesOf(recipe)],
  };
}

function modulesOf({ performance, cluster, tracking, optimizer }: Recipe): NeededModule[] {
  const asleep = cluster.colocate && (cluster.offloadTrain ?? true);
  const needed: [boolean, string, string, string][] = [
    [performance.moeEnableDeepep, "deep_ep", "deep-ep", "performance.moeEnableDeepep"],
    [asleep, "torch_memory_saver", "torch-memory-saver", "cluster.colocate"],
    [tracking.useWandb, "wandb", "wandb", "tracking.useWandb"],
    [tracking.useTensorboard, "tensorboard", "tensorboard", "tracking.useTensorboard"],
    [tracking.useMlflow, "mlflow", "mlflow", "tracking.useMlflow"],
    [optimizer.name === "muon", "emerging_optimizers", "emerging-optimizers", "optimizer.name"],
  ];
  return needed.flatMap(([is, name, distribution, because]) =>
    is ? [{ name, packages: [distribution, name], because }] : [],
  );
}

/** What the probe has to look for. */
export function questionsOf(needs: NodeNeeds, { launch, runtime }: Recipe): ProbeQuestions {
  return {
    ports: needs.ports,
    paths: [...needs.paths.map(({ path }) => path), ...(needs.save === null ? [] : [needs.save])],
    modules: needs.modules.map(({ name, packages }) => ({ name, packages })),
    importFrom: [runtime.megatronPath, launch.milesPath],
  };
}
