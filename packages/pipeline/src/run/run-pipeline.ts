import type { z } from "zod";
import {
  acquireLock,
  digestOf,
  NdjsonWriter,
  toMoonlightError,
  UsageError,
  validate,
  writeJsonAtomic,
  type MoonlightEvent,
} from "@moonlight-rl/core";
import { fromJson, toJson } from "../artifact/reference.ts";
import { errorOf } from "../runner/error-event.ts";
import { createSession, type RunnerOptions, type Session } from "../runner/session.ts";
import { fillFrom, keyedPart } from "../schema/keyed.ts";
import { openWorkspace, type Workspace } from "../workspace/workspace.ts";
import type { Pipeline } from "./define-pipeline.ts";
import { Journal } from "./journal.ts";
import {
  createRunFolder,
  findRun,
  readRun,
  readRunJournal,
  runFiles,
  type RunFiles,
  type RunSummary,
} from "./run-folder.ts";
import { currentEnvironment, environmentDifferences, recordedHostname } from "./environment.ts";
import type { RunRecord } from "./run-record.ts";
import { RunStages, type RunStageResult } from "./run-stages.ts";

export interface RunOptions extends RunnerOptions {
  /** Goes on with this run: an id, a unique part of one, "latest", "latest~1". */
  readonly resume?: string;
  /** Repeats this run: its parameters, and the commits and files that it resolved. What cannot be made equal is told as warnings. */
  readonly like?: string;
  /** What the user's configuration file says; kept in the run's record. */
  readonly config?: RunRecord["config"];
}

export interface RunResult<R> {
  readonly id: string;
  /** The run's folder, with run.json, journal.ndjson and events.ndjson. */
  readonly folder: string;
  readonly outputs: R;
  readonly seconds: number;
  /** In the order in which they were called. */
  readonly stages: readonly RunStageResult[];
}

/**
 * Runs a pipeline in a new run folder, or goes on with an earlier run.
 *
 * When resuming or repeating, `params` may be undefined: the run's own are used; unkeyed fields are taken from `params`.
 *
 * @throws MoonlightError of the stage that failed; the run can then be resumed. Of the pipeline's own `check`: nothing was begun.
 */
export async function runPipeline<P extends z.ZodObject, R>(
  pipeline: Pipeline<P, R>,
  params: z.input<P> | undefined,
  options: RunOptions = {},
): Promise<RunResult<R>> {
  const workspace = openWorkspace(options.workspace, options.env);
  const clock = options.clock ?? { now: () => new Date() };
  const find = async (wanted: string | undefined): Promise<RunSummary | undefined> =>
    wanted === undefined ? undefined : readRun(workspace, await findRun(workspace, wanted));
  const earlier = await find(options.resume);
  const model = earlier ?? (await find(options.like));
  const checked = await paramsOf(pipeline, params, model, workspace);
  if (earlier === undefined) await pipeline.check?.(checked);
  const id = earlier?.id ?? (await createRunFolder(workspace, clock.now()));
  const files = runFiles(workspace, id);
  const lock = await acquireLock(files.lock, { what: `Run ${id}`, wait: false });
  try {
    const record = earlier
      ? reopened(earlier, clock.now())
      : await newRecord(pipeline, checked, id, clock.now(), workspace, options, model?.id);
    const repeated = earlier === undefined ? model : undefined;
    const begin = { resumed: earlier !== undefined, repeated };
    return await runInFolder(pipeline, checked, { ...options, clock }, files, record, begin);
  } finally {
    await lock.release();
  }
}

async function runInFolder<P extends z.ZodObject, R>(
  pipeline: Pipeline<P, R>,
  params: z.output<P>,
  options: RunOptions,
  files: RunFiles,
  record: RunRecord,
  { resumed, repeated }: { readonly resumed: boolean; readonly repeated: RunSummary | undefined },
): Promise<RunResult<R>> {
  const started = performance.now();
  const events = new NdjsonWriter(files.events);
  // Ends stages that run side by side once the run has failed.
  const stop = new AbortController();
  const session = createSession({
    ...options,
    run: record.id,
    signal: options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal,
    listeners: [(event: MoonlightEvent) => events.append(event)],
  });
  const save = (changes: Partial<RunRecord>): Promise<void> =>
    writeJsonAtomic(files.record, session.redactor.value({ ...record, ...changes }));
  const now = (): string => session.clock.now().toISOString();

  await save({ status: "running" });
  const journal = await Journal.open(files.journal);
  journal.append({
    type: "opened",
    time: now(),
    pid: process.pid,
    ...recordedHostname(options.env),
  });
  const emit = session.sink.emitter();
  emit({
    type: "run.started",
    pipeline: pipeline.name,
    params: record.params,
    resumed,
  });
  if (repeated !== undefined) await repeatRun(session, journal, repeated, record);
  const stages = new RunStages(session, journal);
  const seconds = (): number => Math.round(performance.now() - started) / 1000;
  try {
    const outputs = await pipeline.run(stages.call, params);
    await stages.settled();
    const json = toJson(outputs, session.workspace) as RunRecord["outputs"];
    journal.append({ type: "closed", time: now(), status: "ok" });
    await save({
      status: "ok",
      finished: now(),
      seconds: journal.seconds,
      outputs: json ?? null,
    });
    emit({ type: "run.finished", status: "ok", seconds: seconds(), outputs: json ?? null });
    return {
      id: record.id,
      folder: files.folder,
      outputs,
      seconds: seconds(),
      stages: stages.results,
    };
  } catch (thrown) {
    const error = toMoonlightError(thrown);
    stop.abort();
    await stages.settled();
    const status = error.code === "INTERRUPTED" ? "interrupted" : "failed";
    emit({ type: "run.finished", status, seconds: seconds(), error: errorOf(error) });
    try {
      journal.append({ type: "closed", time: now(), status });
      await save({ status, finished: now(), seconds: journal.seconds, error: errorOf(error) });
    } catch {
      // The disk that is full, say: what went wrong first is what the caller needs. Readers see from the lock that the run has ended.
    }
    throw error;
  } finally {
    journal.close();
    events.close();
  }
}

async function newRecord(
  pipeline: Pipeline,
  params: unknown,
  id: string,
  now: Date,
  workspace: Workspace,
  options: RunOptions,
  like: string | undefined,
): Promise<RunRecord> {
  const from = [import.meta.url, ...(pipeline.from === undefined ? [] : [pipeline.from])];
  return {
    contract: 1,
    id,
    pipeline: pipeline.name,
    params: keyedParams(pipeline, params, workspace),
    ...(await currentEnvironment(from, options.env)),
    ...(options.config === undefined ? {} : { config: options.config }),
    ...(like === undefined ? {} : { like }),
    started: now.toISOString(),
    status: "running",
  };
}

/** What an earlier run resolved stays so; what is not as it was then is told. */
async function repeatRun(
  session: Session,
  journal: Journal,
  earlier: RunSummary,
  record: RunRecord,
): Promise<void> {
  for (const entry of await readRunJournal(session.workspace, earlier.id)) {
    if (entry.type === "resolved")
      journal.append({ ...entry, time: session.clock.now().toISOString() });
  }
  if (earlier.git?.dirty === true)
    session.sink.emitter()({
      type: "warning",
      code: "LIKE_DIFFERS",
      message: `run ${earlier.id} was started in a working tree with changes, which its record does not hold`,
    });
  for (const { what, before, now } of environmentDifferences(earlier, record)) {
    session.sink.emitter()({
      type: "warning",
      code: "LIKE_DIFFERS",
      message: `${what} was ${before ?? "(absent)"} in run ${earlier.id} and is ${now ?? "(absent)"} now`,
    });
  }
}

/** The record of an earlier process without how that one ended. */
function reopened(earlier: RunSummary, now: Date): RunRecord {
  const {
    folder: _folder,
    finished: _finished,
    outputs: _outputs,
    error: _error,
    ...kept
  } = earlier;
  return { ...kept, resumed: now.toISOString(), status: "running" };
}

async function paramsOf<P extends z.ZodObject>(
  pipeline: Pipeline<P>,
  params: z.input<P> | undefined,
  earlier: RunRecord | undefined,
  workspace: Workspace,
): Promise<z.output<P>> {
  const what = `parameters of ${pipeline.name}`;
  if (earlier === undefined) return validate(pipeline.params, params ?? {}, { what });
  if (earlier.pipeline !== pipeline.name) {
    throw new UsageError(
      "RESUME_PIPELINE",
      `Run ${earlier.id} is of pipeline "${earlier.pipeline}", not "${pipeline.name}".`,
    );
  }
  const stored = await fromJson(earlier.params, workspace);
  if (params === undefined) return validate(pipeline.params, stored, { what });
  const given = validate(pipeline.params, fillFrom(params, stored), { what });
  const now = keyedParams(pipeline, given, workspace);
  if (digestOf(now) === digestOf(earlier.params)) return given;
  const field = Object.keys({ ...now, ...earlier.params }).find(
    (name) => digestOf([now[name] ?? null]) !== digestOf([earlier.params[name] ?? null]),
  );
  throw new UsageError(
    "RESUME_PARAMS",
    `Run ${earlier.id} was started with other parameters${field === undefined ? "" : ` (${field})`}.`,
    {
      hint: "Leave the parameters out, or start a run of its own: finished stages are reused anyway.",
      ...(field === undefined ? {} : { field }),
    },
  );
}

function keyedParams(
  pipeline: Pipeline,
  params: unknown,
  workspace: Workspace,
): RunRecord["params"] {
  return toJson(keyedPart(pipeline.params, params), workspace) as RunRecord["params"];
}
