import type { MoonlightError } from "@moonlight-rl/core";
import type { Stage, StageInput, StageOutput } from "../stage/define-stage.ts";
import { executeStage, type StageResult } from "./execute-stage.ts";
import { keyStage, parseInput, resolveInput } from "./prepare-stage.ts";
import { createSession, type RunnerOptions } from "./session.ts";

/**
 * Runs one stage in a workspace, or reuses its cached result. This is the whole API of a ten-line script.
 *
 * @throws MoonlightError of the stage, or of the runner (see the package's README).
 */
export async function runStage<S extends Stage>(
  stage: S,
  input: StageInput<S>,
  options: RunnerOptions = {},
): Promise<StageOutput<S>> {
  const { output, verdict } = await runStageDetailed(stage, input, options);
  if (verdict !== undefined) throw verdict;
  return output as StageOutput<S>;
}

/** `runStage` that also tells the key, the time and whether the result was reused; a verdict is returned, not thrown. */
export async function runStageDetailed(
  stage: Stage,
  input: unknown,
  options: RunnerOptions = {},
): Promise<StageResult & { readonly verdict?: MoonlightError }> {
  const session = createSession(options);
  const parsed = parseInput(stage, input);
  const resolved = await resolveInput(session, stage, stage.name, parsed);
  const result = await executeStage(session, await keyStage(stage, stage.name, resolved));
  const verdict = stage.verdict?.(result.output as never, resolved as never);
  return verdict === undefined ? result : { ...result, verdict };
}
