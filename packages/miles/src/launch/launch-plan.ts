import { UsageError } from "@moonlight-rl/core";
import type { Recipe } from "@moonlight-rl/recipe";
import { Args } from "../argv/args.ts";
import type { Verdict } from "../argv/validate-argv.ts";
import { runtimeEnv } from "../runtime-env.ts";

/** What has to be started for a job of miles, whatever starts it. */
export interface LaunchPlan {
  readonly recipe: Recipe;
  /** Interpreter, script and arguments; nothing is quoted. */
  readonly command: readonly string[];
  readonly argv: readonly string[];
  /** Environment of the Ray job, without `NCCL_NVLS_ENABLE` while that is to be detected. */
  readonly env: Readonly<Record<string, string>>;
  readonly detectNvls: boolean;
  /** GPUs that the job's placement group asks for. */
  readonly gpus: number;
  readonly nodes: number;
  /** GPUs that each node has to give. */
  readonly gpusPerNode: number;
}

/**
 * The commands, environment and machines of a job.
 *
 * @param argv the arguments of train.py, as rendered or imported
 * @param verdict what `validateArgv` says of them; its resolved values say how many GPUs are taken
 * @throws UsageError LAUNCH_GPUS_UNKNOWN where that cannot be said: refused arguments, or engines elsewhere and no trainer
 */
export function launchPlan(recipe: Recipe, argv: readonly string[], verdict: Verdict): LaunchPlan {
  const { launch, runtime } = recipe;
  const gpus = verdict.outcome === "accept" ? placementGpus(new Args(verdict.resolved)) : 0;
  if (gpus === 0)
    throw new UsageError("LAUNCH_GPUS_UNKNOWN", "It cannot be said how many GPUs the job takes", {
      field: "cluster.actorNumNodes",
      hint: "Mend what the rules say of the recipe first; a job without GPUs has nothing to launch.",
    });
  const perNode = new Args(verdict.resolved).num("num_gpus_per_node");
  const nodes = Math.ceil(gpus / perNode);
  const env = runtimeEnv(recipe, false);
  const detectNvls = runtime.nvls === "detect" && runtime.env["NCCL_NVLS_ENABLE"] === undefined;
  const { NCCL_NVLS_ENABLE: _, ...others } = env;
  const program = `${launch.milesPath.replace(/\/+$/, "")}/train.py`;
  return {
    recipe,
    argv,
    command: [launch.python, program, ...argv],
    env: detectNvls ? others : env,
    detectNvls,
    gpus,
    nodes,
    gpusPerNode: nodes === 1 ? gpus : perNode,
  };
}

/** As miles lays out its placement group (miles/ray/placement_group.py, _get_placement_group_layout). */
function placementGpus(args: Args): number {
  const trainer = args.num("actor_num_nodes") * args.num("actor_num_gpus_per_node");
  if (args.on("debug_train_only")) return trainer;
  if (args.on("rollout_external")) return args.on("debug_rollout_only") ? 0 : trainer;
  const engines = args.num("rollout_num_gpus");
  if (args.on("debug_rollout_only")) return engines;
  if (args.on("colocate")) return Math.max(trainer, engines);
  return trainer + engines + args.num("eval_num_gpus");
}
