import { join } from "node:path";
import { lookUp, reasonForMiss } from "../runner/cache.ts";
import {
  isDelivered,
  NOT_DELIVERED,
  nothingToReuse,
  type StageRequest,
} from "../runner/execute-stage.ts";
import { keyStage, parseInput, resolveInput } from "../runner/prepare-stage.ts";
import { createSession, planContext, type RunnerOptions, type Session } from "../runner/session.ts";
import type { PlanAction } from "../stage/context.ts";
import type { Stage, StageInput } from "../stage/define-stage.ts";
import { earlierSeconds } from "./predict.ts";
import { symbolicOutput, symbolicParts, UnknownValue } from "./symbolic.ts";

/** What one stage call would do. */
export interface PlannedStage {
  readonly id: string;
  readonly stage: string;
  /** hit: reused · miss: it would run · unknown: decided by the output of a stage that would run before it. */
  readonly status: "hit" | "miss" | "unknown";
  /** Why; for a miss the first difference to the newest result of this stage. */
  readonly reason: string;
  readonly key?: string;
  /** Of a hit: how long the work took when it was done. */
  readonly seconds?: number;
  /** Of a stage that would or may run: what its actions say, else how long the newest run took over it; absent when nobody knows. */
  readonly predictedSeconds?: number;
  /** Of a stage that would or may run; absent when its plan needs a value that is not there yet. */
  readonly actions?: readonly PlanAction[];
}

/** What `runStage` would do with this input. Changes nothing. */
export async function planStage<S extends Stage>(
  stage: S,
  input: StageInput<S>,
  options: RunnerOptions = {},
): Promise<PlannedStage> {
  const session = createSession(options);
  const { planned } = await planCall(session, stage, input, stage.name);
  return withPrediction(planned, await earlierSeconds(session.workspace));
}

/** Adds how long a stage would take, as far as that is known. */
export function withPrediction(
  planned: PlannedStage,
  earlier: ReadonlyMap<string, number>,
): PlannedStage {
  if (planned.status === "hit") return planned;
  const stated = planned.actions?.map(({ seconds }) => seconds) ?? [];
  const said = stated.length > 0 && stated.every((seconds) => seconds !== undefined);
  const predictedSeconds = said
    ? stated.reduce((total, seconds) => total + seconds, 0)
    : earlier.get(planned.id);
  return predictedSeconds === undefined ? planned : { ...planned, predictedSeconds };
}

/** Plans one call; `output` is real for a hit and symbolic otherwise. */
export async function planCall(
  session: Session,
  stage: Stage,
  input: unknown,
  id: string,
): Promise<{ planned: PlannedStage; output: unknown }> {
  const base = { id, stage: stage.name };
  const symbolic = symbolicParts(input);
  const opaque = symbolic.find((part) => part.opaque);
  if (opaque !== undefined) {
    const reason = `${opaque.path} is known only after ${opaque.origin.stage}`;
    return { planned: { ...base, status: "unknown", reason }, output: symbolicOutput(stage, id) };
  }
  const parsed = parseInput(stage, input);
  const first = symbolic[0];
  if (first !== undefined) {
    const reason = `${first.path} comes from ${first.origin.stage}, which is not done yet`;
    const actions = await actionsOf(session, stage, id, parsed);
    return {
      planned: { ...base, status: "unknown", reason, ...(actions && { actions }) },
      output: symbolicOutput(stage, id),
    };
  }
  const request = await keyStage(stage, id, await resolveInput(session, stage, id, parsed));
  return planKeyed(session, request);
}

async function planKeyed(
  session: Session,
  request: StageRequest,
): Promise<{ planned: PlannedStage; output: unknown }> {
  const { stage, id, input, key } = request;
  const base = { id, stage: stage.name, key: key.key };
  const { reason, hit } = await verdict(session, request);
  if (hit === undefined && session.mustReuse.has(id)) throw nothingToReuse(id, reason);
  if (hit !== undefined) {
    return {
      planned: { ...base, status: "hit", reason, seconds: hit.seconds },
      output: hit.output,
    };
  }
  const scratch = join(session.workspace.scratch, key.key);
  const actions = await actionsOf(session, stage, id, input, scratch);
  return {
    planned: { ...base, status: "miss", reason, ...(actions && { actions }) },
    output: symbolicOutput(stage, id),
  };
}

async function verdict(
  session: Session,
  { stage, id, input, key }: StageRequest,
): Promise<{ reason: string; hit?: { output: unknown; seconds: number } }> {
  if (session.force && !session.mustReuse.has(id)) return { reason: "forced" };
  if (!(stage.cacheable?.(input as never) ?? true)) {
    return { reason: "not cacheable with this input" };
  }
  const found = await lookUp(session.workspace, key.key, {
    digests: session.verifyDigests,
    remember: false,
  });
  if (found.status === "hit" && !session.mustReuse.has(id) && !(await isDelivered(stage, input)))
    return { reason: NOT_DELIVERED };
  if (found.status === "hit") return { reason: "nothing changed", hit: found };
  if (found.status === "damaged") return { reason: found.reason };
  return { reason: await reasonForMiss(session.workspace, key.parts) };
}

async function actionsOf(
  session: Session,
  stage: Stage,
  id: string,
  input: unknown,
  scratch?: string,
): Promise<readonly PlanAction[] | undefined> {
  if (stage.plan === undefined) return [];
  const context = { ...planContext(session, id), ...(scratch && { scratch }) };
  try {
    return session.redactor.value(await stage.plan(input as never, context));
  } catch (error) {
    if (error instanceof UnknownValue) return undefined;
    throw error;
  }
}
