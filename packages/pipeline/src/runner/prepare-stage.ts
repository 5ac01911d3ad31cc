import { validate } from "@moonlight-rl/core";
import { assertStage, type Stage } from "../stage/define-stage.ts";
import { stageKey } from "./key.ts";
import type { StageRequest } from "./execute-stage.ts";
import { planContext, type Session } from "./session.ts";

/** Validates an input against a stage's schema; defaults are filled in. */
export function parseInput(stage: Stage, input: unknown): unknown {
  assertStage(stage);
  return validate(stage.input, input, { what: `input of ${stage.name}` });
}

/** Replaces moving references of a validated input by fixed ones. */
export async function resolveInput(
  session: Session,
  stage: Stage,
  id: string,
  input: unknown,
): Promise<unknown> {
  if (stage.resolve === undefined) return input;
  const resolved = await stage.resolve(input as never, planContext(session, id));
  return validate(stage.input, resolved, { what: `resolved input of ${stage.name}` });
}

export async function keyStage(stage: Stage, id: string, input: unknown): Promise<StageRequest> {
  return { stage, id, input, key: await stageKey(stage, input) };
}
