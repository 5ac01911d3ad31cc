import type { z } from "zod";
import type { Stage, StageInput, StageOutput } from "../stage/define-stage.ts";

export interface StageCallOptions {
  /** Name of this call within the run; default the stage's name. Needed when a stage is called twice. */
  readonly id?: string;
}

/** Calls a stage from a pipeline's body; equal calls give the same result without running twice. */
export type StageCall = <S extends Stage>(
  stage: S,
  input: StageInput<S>,
  options?: StageCallOptions,
) => Promise<StageOutput<S>>;

/** An ordinary async function over stages. Its result must be JSON, artifacts included. */
export interface Pipeline<P extends z.ZodObject = z.ZodObject, R = unknown> {
  readonly name: string;
  /** `import.meta.url`: lets a run write down the versions of all that its stages reach. */
  readonly from?: string;
  readonly params: P;
  /**
   * Throws for parameters that fit the schema and can still not work, such as a wrong field in a recipe that only a late stage reads.
   * Asked before a new run has a folder, and before a plan. Reads only.
   */
  check?(params: z.output<P>): Promise<void>;
  run(stage: StageCall, params: z.output<P>): Promise<R>;
}

/**
 * Declares a pipeline; types of params and result are inferred.
 *
 * @example
 * import { toHf, toTorchDist } from "@moonlight-rl/convert";
 * import { adoptArtifact, definePipeline, runPipeline } from "@moonlight-rl/pipeline";
 * import { z } from "zod";
 *
 * const thereAndBack = definePipeline({
 *   name: "there-and-back",
 *   params: z.strictObject({ folder: z.string() }),
 *   async run(stage, { folder }) {
 *     const model = await adoptArtifact("hf-model", folder);
 *     const { checkpoint } = await stage(toTorchDist, { model });
 *     return await stage(toHf, { checkpoint, model }, { id: "back" });
 *   },
 * });
 * const { stages } = await runPipeline(thereAndBack, { folder: "./tiny-moonlight" });
 * const ids = stages.map(({ id }) => id); // ["convert", "back"]
 */
export function definePipeline<P extends z.ZodObject, R>(pipeline: Pipeline<P, R>): Pipeline<P, R> {
  return pipeline;
}
