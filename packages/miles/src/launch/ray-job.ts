import { runtimeEnvironment } from "./environment-json.ts";
import type { LaunchPlan } from "./launch-plan.ts";
import { shellLine } from "./shell-quote.ts";

/** Body of `POST /api/jobs/` of Ray's job server (Ray Jobs REST API). It holds no secret: Ray shows it to whoever asks. */
export interface RayJobRequest {
  /** A line for a shell. */
  readonly entrypoint: string;
  readonly runtime_env: { readonly env_vars: Readonly<Record<string, string>> };
  readonly metadata: Readonly<Record<string, string>>;
}

export function rayJobRequest(plan: LaunchPlan): RayJobRequest {
  return {
    entrypoint: shellLine(plan.command),
    runtime_env: runtimeEnvironment(plan),
    metadata: {
      "moonlight-profile": plan.recipe.profile,
      "moonlight-gpus": String(plan.gpus),
      "moonlight-nodes": String(plan.nodes),
    },
  };
}
