import { argumentLines } from "./argument-lines.ts";
import { environmentAssignment } from "./environment-json.ts";
import type { LaunchPlan } from "./launch-plan.ts";

/** A name for Ray, Slurm and Kubernetes: lower-case letters, digits and dashes. */
export function jobName({ recipe }: LaunchPlan): string {
  const name = recipe.profile.toLowerCase().replaceAll(/[^a-z0-9-]+/g, "-");
  return name.startsWith("moonlight") ? name : `moonlight-${name}`;
}

/** "8 GPUs on 1 node" */
export function machines({ gpus, nodes }: LaunchPlan): string {
  return `${gpus} GPU${gpus === 1 ? "" : "s"} on ${nodes} node${nodes === 1 ? "" : "s"}`;
}

/** Bash that both scripts begin with after their own head: the arguments, the environment, the name of the submission. */
export function commonHead(plan: LaunchPlan): string[] {
  return [
    "args=(",
    ...argumentLines(plan.argv),
    ")",
    "",
    ...environmentAssignment(plan),
    `submission=\${SUBMISSION_ID:-${jobName(plan)}-$(date -u +%Y%m%d-%H%M%S)-$$}`,
    "",
  ];
}
