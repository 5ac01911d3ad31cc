import { readEvalResult, type EvalResult } from "@moonlight-rl/eval";
import { moonlight, withEndpoint } from "@moonlight-rl/moonlight";
import { runPipeline } from "@moonlight-rl/pipeline";
import { readCurve, type LearningCurve } from "./learning-curve.ts";

/** The tiny profile's name of its evaluation problems. */
const EVAL_SET = "tiny-aime";

export interface Outcome {
  readonly base: EvalResult;
  readonly trained: EvalResult;
  readonly trainSeconds: number;
  readonly curve: LearningCurve;
}

/** One run of the default pipeline with that seed; `endpoint` serves other data than the bundled ones. */
export async function runOnce(
  seed: number,
  workspace: string,
  set: readonly string[],
  endpoint?: string,
): Promise<Outcome> {
  const params = {
    profile: "tiny" as const,
    seed,
    set: [...set],
    ...(endpoint === undefined ? {} : { endpoint }),
  };
  const run = await withEndpoint(params, {}, (url) =>
    runPipeline(
      moonlight,
      { ...params, ...(url === undefined ? {} : { endpoint: url }) },
      { workspace },
    ),
  );
  const { before, after, trained } = run.outputs;
  if (before === undefined || after === undefined || trained === undefined)
    throw new Error("the run did not evaluate");
  return {
    base: await readEvalResult(before.path),
    trained: await readEvalResult(after.path),
    trainSeconds: run.stages.find(({ id }) => id === "train")?.seconds ?? Number.NaN,
    curve: await readCurve(trained.path, EVAL_SET),
  };
}
