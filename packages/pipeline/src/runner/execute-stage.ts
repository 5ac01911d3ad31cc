import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import {
  acquireLock,
  isMoonlightError,
  MoonlightError,
  PreflightError,
  removePath,
  throwIfAborted,
  toMoonlightError,
  validate,
  type Emit,
  type Json,
} from "@moonlight-rl/core";
import type { JsonObject } from "../artifact/artifact.ts";
import { publishArtifact } from "../artifact/publish.ts";
import { toJson } from "../artifact/reference.ts";
import { requireUnchanged } from "../artifact/unchanged.ts";
import { keyedPart } from "../schema/keyed.ts";
import type { StageContext } from "../stage/context.ts";
import type { Stage } from "../stage/define-stage.ts";
import { recordedHostname } from "../run/environment.ts";
import { lookUp, reasonForMiss, remember } from "./cache.ts";
import { errorOf } from "./error-event.ts";
import { createExec } from "./exec.ts";
import type { StageKey } from "./key.ts";
import { packageOf } from "./package-digest.ts";
import { planContext, type Session } from "./session.ts";

export interface StageResult {
  readonly output: unknown;
  readonly key: string;
  /** Whether the output comes from the cache. */
  readonly reused: boolean;
  /** Wall time of the work; of a reused result, the time it took when it was made. */
  readonly seconds: number;
}

export interface StageRequest {
  readonly stage: Stage;
  /** Name within the run; also the `stage` of its events. */
  readonly id: string;
  /** Validated and resolved. */
  readonly input: unknown;
  readonly key: StageKey;
}

/** Brings one keyed stage to its output: from the cache, or by running it under the key's lock. */
export async function executeStage(session: Session, request: StageRequest): Promise<StageResult> {
  const { stage, id, input } = request;
  const { key } = request.key;
  throwIfAborted(session.signal);
  const cacheable = stage.cacheable?.(input as never) ?? true;
  const mustReuse = session.mustReuse.has(id);
  const delivered = mustReuse || (await isDelivered(stage, input));
  const useCache = cacheable && delivered && (!session.force || mustReuse);
  const emit = session.sink.emitter(id);
  const first = useCache ? await fromCache(session, request, emit) : undefined;
  if (first !== undefined) return first;
  if (mustReuse) throw nothingToReuse(id, await reasonToRun(session, request, cacheable));

  const lock = await acquireLock(join(session.workspace.locks, `${key}.lock`), {
    what: `Stage ${id}`,
    wait: true,
    signal: session.signal,
    onWait: ({ pid }) =>
      emit({ type: "log", message: `waiting for process ${pid}, which does the same` }),
  });
  try {
    // Whoever held the lock before us may have made what we need.
    const second = useCache ? await fromCache(session, request, () => {}) : undefined;
    if (second !== undefined) emit({ type: "stage.reused", key, seconds: second.seconds });
    return second ?? (await runLocked(session, request, cacheable, delivered));
  } finally {
    await lock.release();
  }
}

/** Why a result that is there would not do. */
export const NOT_DELIVERED = "files in a folder of your own are asked for, and not all there";

export async function isDelivered(stage: Stage, input: unknown): Promise<boolean> {
  return (await stage.delivered?.(input as never)) ?? true;
}

/** A stage that may not run has no result. */
export function nothingToReuse(id: string, reason: string): PreflightError {
  return new PreflightError(
    "STAGE_RESULT_MISSING",
    `${id} comes before the stages that were asked for and has no result to start from (${reason}).`,
    { field: id, hint: `Start from ${id}, or from the beginning: what is there is reused anyway.` },
  );
}

async function fromCache(
  session: Session,
  { stage, key: { key } }: StageRequest,
  emit: Emit,
): Promise<StageResult | undefined> {
  const found = await lookUp(session.workspace, key, {
    digests: session.verifyDigests,
    signal: session.signal,
  });
  if (found.status === "damaged") {
    emit({
      type: "warning",
      code: "CACHE_DAMAGED",
      message: `A cached result is not used: ${found.reason}`,
      hint: "The stage runs again and replaces it.",
    });
  }
  if (found.status !== "hit") return undefined;
  const output = stage.output.safeParse(found.output);
  if (!output.success) return undefined;
  await tidy(session, key);
  emit({ type: "stage.reused", key, seconds: found.seconds });
  return { output: output.data, key, reused: true, seconds: found.seconds };
}

/** A cached result that is not all that is asked for, checked like any other. */
async function cachedOutput(
  session: Session,
  { stage, key }: StageRequest,
): Promise<object | undefined> {
  const found = await lookUp(session.workspace, key.key, { signal: session.signal });
  if (found.status !== "hit") return undefined;
  return stage.output.safeParse(found.output).data;
}

/** Removes what a process has left that was killed after its result was recorded: its scratch folder and its lock. */
export async function tidy({ workspace }: Session, key: string): Promise<void> {
  const scratch = join(workspace.scratch, key);
  const path = join(workspace.locks, `${key}.lock`);
  if (!existsSync(scratch) && !existsSync(path)) return;
  try {
    const lock = await acquireLock(path, { what: `Stage ${key}`, wait: false });
    await removePath(scratch);
    await lock.release();
  } catch (error) {
    // Somebody is at work there (with --force, say): it is theirs to tidy.
    if (!isMoonlightError(error)) throw error;
  }
}

async function runLocked(
  session: Session,
  request: StageRequest,
  cacheable: boolean,
  delivered: boolean,
): Promise<StageResult> {
  const { stage, id, key } = request;
  const emit = session.sink.emitter(id);
  const started = performance.now();
  const seconds = (): number => Math.round(performance.now() - started) / 1000;
  const cached = delivered || session.force ? undefined : await cachedOutput(session, request);
  emit({
    type: "stage.started",
    key: key.key,
    input: keyedInput(session, request) as never,
    reason: cached === undefined ? await reasonToRun(session, request, cacheable) : NOT_DELIVERED,
  });
  try {
    const scratch = join(session.workspace.scratch, key.key);
    if (session.force) await removePath(scratch);
    await mkdir(scratch, { recursive: true });
    // Asked to stop meanwhile: a stage hears of it only if it listens before, and may wait for ever.
    throwIfAborted(session.signal);
    const context = { ...stageContext(session, request, scratch), ...(cached && { cached }) };
    const output = checkOutput(stage, await stage.run(request.input as never, context));
    await requireUnchanged(request.input);
    const took = seconds();
    if (cacheable) {
      const record = { key: key.key, parts: session.redactor.value(key.parts) };
      await remember(session.workspace, record, output, took, session.clock.now());
    }
    await removePath(scratch);
    emit({
      type: "stage.finished",
      key: key.key,
      seconds: took,
      output: toJson(output, session.workspace) as never,
    });
    return { output, key: key.key, reused: false, seconds: took };
  } catch (thrown) {
    // What a stage throws after we asked it to stop is a consequence of that.
    const error = session.signal.aborted ? interrupted(thrown) : toMoonlightError(thrown);
    emit({ type: "stage.failed", seconds: seconds(), error: errorOf(error) });
    throw error;
  }
}

function interrupted(thrown: unknown): MoonlightError {
  // The stage's own words: what it has left running, how to go on.
  if (isMoonlightError(thrown) && thrown.code === "INTERRUPTED") return thrown;
  return toMoonlightError(
    Object.assign(new Error("Interrupted.", { cause: thrown }), { name: "AbortError" }),
  );
}

function checkOutput(stage: Stage, output: unknown): unknown {
  try {
    return validate(stage.output, output, { what: `output of ${stage.name}` });
  } catch (cause) {
    const error = toMoonlightError(cause);
    throw new MoonlightError("STAGE_OUTPUT_INVALID", error.message, {
      cause,
      hint: "The stage does not keep its own contract: this is a fault of the stage.",
      ...(error.field === undefined ? {} : { field: error.field }),
    });
  }
}

function stageContext(session: Session, request: StageRequest, scratch: string): StageContext {
  const { stage, id } = request;
  const started = session.clock.now();
  const base = planContext(session, id);
  return {
    ...base,
    scratch,
    exec: createExec({ cwd: scratch, emit: base.emit, signal: session.signal }),
    publish: async (kind, folder, options = {}) => {
      await requireUnchanged(request.input);
      return (await publishArtifact({
        ...options,
        workspace: session.workspace,
        kind,
        folder,
        scratch,
        provenance: await provenance(session, request, started),
        signal: session.signal,
        emit: base.emit,
      })) as never;
    },
  };

  async function provenance(session: Session, request: StageRequest, from: Date) {
    const producer = await packageOf(stage.from);
    return session.redactor.value({
      contract: 1,
      producer: { stage: stage.name, package: producer.name, version: producer.version },
      key: request.key.key,
      code: request.key.parts.code,
      input: keyedInput(session, request),
      ...(session.run === undefined ? {} : { run: session.run, id }),
      host: {
        ...recordedHostname(session.env),
        platform: process.platform,
        arch: process.arch,
        node: process.version,
      },
      started: from.toISOString(),
      finished: session.clock.now().toISOString(),
    }) as JsonObject;
  }
}

/** The input without unkeyed fields, artifacts with their paths. */
function keyedInput(session: Session, { stage, input }: StageRequest): Json {
  return toJson(keyedPart(stage.input, input), session.workspace);
}

async function reasonToRun(
  session: Session,
  { id, key }: StageRequest,
  cacheable: boolean,
): Promise<string> {
  if (session.force && !session.mustReuse.has(id)) return "forced";
  if (!cacheable) return "not cacheable with this input";
  return reasonForMiss(session.workspace, key.parts);
}
