import { readEvalResult, type EvalResult } from "@moonlight-rl/eval";
import { moonlight, withEndpoint } from "@moonlight-rl/moonlight";
import { runPipeline } from "@moonlight-rl/pipeline";

export interface Outcome {
  readonly base: EvalResult;
  readonly trained: EvalResult;
  readonly trainSeconds: number;
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
  const { before, after } = run.outputs;
  if (before === undefined || after === undefined) throw new Error("the run did not evaluate");
  return {
    base: await readEvalResult(before.path),
    trained: await readEvalResult(after.path),
    trainSeconds: run.stages.find(({ id }) => id === "train")?.seconds ?? Number.NaN,
  };
}
