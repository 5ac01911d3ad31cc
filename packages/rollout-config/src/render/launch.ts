import type { Emit } from "@moonlight-rl/core";
import {
  kuberayManifest,
  launchPlan,
  launchScript,
  rayJobRequest,
  slurmScript,
  type LaunchPlan,
} from "@moonlight-rl/miles";
import type { Recipe } from "@moonlight-rl/recipe";
import type { LaunchForm } from "./launch-form.ts";
import type { CheckedArgv } from "./rendering.ts";

/** A file of the `recipe` artifact. */
export interface LaunchFile {
  readonly name: string;
  readonly text: string;
}

const WRITERS: Readonly<
  Record<LaunchForm, { readonly name: string; readonly write: (plan: LaunchPlan) => string }>
> = {
  script: { name: "launch.sh", write: launchScript },
  "ray-job": {
    name: "ray-job.json",
    write: (plan) => `${JSON.stringify(rayJobRequest(plan), null, 2)}\n`,
  },
  slurm: { name: "job.sbatch", write: slurmScript },
  kuberay: { name: "rayjob.yaml", write: kuberayManifest },
};

/** The script or document that starts the job of a recipe whose argv miles takes. */
export function renderLaunch(
  form: LaunchForm,
  recipe: Recipe,
  { argv, verdict }: CheckedArgv,
  emit: Emit,
): LaunchFile {
  const plan = launchPlan(recipe, argv, verdict);
  const { name, write } = WRITERS[form];
  const text = write(plan);
  if (plan.detectNvls && (form === "ray-job" || form === "kuberay"))
    emit({
      type: "warning",
      code: "LAUNCH_NVLS",
      message: "runtime.nvls: a document cannot look at the GPUs, so it says NCCL_NVLS_ENABLE=0",
      hint: "Add --set runtime.nvls=on where the GPUs of a node are joined by NVLink.",
    });
  return { name, text };
}
