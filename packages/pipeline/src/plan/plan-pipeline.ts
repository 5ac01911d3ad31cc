import type { z } from "zod";
import { validate } from "@moonlight-rl/core";
import type { SymbolicOrigin } from "../artifact/artifact.ts";
import { createSession, type RunnerOptions } from "../runner/session.ts";
import type { Pipeline, StageCall } from "../run/define-pipeline.ts";
import { checkStageId, StageNames } from "../run/stage-names.ts";
import { planCall, withPrediction, type PlannedStage } from "./plan-stage.ts";
import { earlierSeconds } from "./predict.ts";
import { planTotals, type PlanTotals } from "./totals.ts";
import { UnknownValue } from "./symbolic.ts";

export interface PipelinePlan {
  readonly pipeline: string;
  /** In the order of the calls. */
  readonly stages: readonly PlannedStage[];
  /** The body needed this value, so what follows is not known. */
  readonly unknownAfter?: SymbolicOrigin;
  readonly totals: PlanTotals;
}

/**
 * What `runPipeline` would do: the body runs with symbolic artifacts for results that do not exist. Changes nothing.
 *
 * @example
 * import { moonlight } from "@moonlight-rl/moonlight";
 * import { planPipeline } from "@moonlight-rl/pipeline";
 *
 * const plan = await planPipeline(moonlight, { profile: "tiny" });
 * for (const { id, status, reason } of plan.stages) console.log(id, status, reason);
 * plan.stages[0]?.status; // "miss"
 */
export async function planPipeline<P extends z.ZodObject, R>(
  pipeline: Pipeline<P, R>,
  params: z.input<P>,
  options: RunnerOptions = {},
): Promise<PipelinePlan> {
  const checked = validate(pipeline.params, params, { what: `parameters of ${pipeline.name}` });
  await pipeline.check?.(checked);
  const session = createSession(options);
  const stages: PlannedStage[] = [];
  const earlier = await earlierSeconds(session.workspace);
  const names = new StageNames();
  const outputs = new Map<string, unknown>();
  const call: StageCall = async (stage, input, { id = stage.name } = {}) => {
    checkStageId(id);
    const { planned, output } = await planCall(session, stage, input, id);
    names.claim(id, planned.key ?? "unknown");
    if (outputs.has(id)) return outputs.get(id) as never;
    outputs.set(id, output);
    stages.push(withPrediction(planned, earlier));
    return output as never;
  };
  try {
    await pipeline.run(call, checked);
    return {
      pipeline: pipeline.name,
      stages,
      totals: await planTotals(session.workspace, stages),
    };
  } catch (error) {
    if (!(error instanceof UnknownValue)) throw error;
    return {
      pipeline: pipeline.name,
      stages,
      unknownAfter: error.origin,
      totals: await planTotals(session.workspace, stages),
    };
  }
}
