import { randomBytes } from "node:crypto";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import {
  acquireLock,
  digestOf,
  History,
  HISTORY_FILE,
  readJson,
  readNdjson,
  throwIfAborted,
  UsageError,
  validate,
  writeJsonAtomic,
} from "@moonlight-rl/core";
import { z } from "zod";
import { CheckpointWatch } from "../checkpoints/checkpoint-watch.ts";
import { followAttempt, type Attempt } from "../train/attempt.ts";
import type { Cluster } from "../train/cluster.ts";
import { leaveOrStop } from "../train/interrupt.ts";
import { planJob, type JobPlan } from "../train/job-plan.ts";
import { failureError, judgeFailure } from "../train/judge.ts";
import { openChecked } from "../train/preflight.ts";
import {
  readRunRecord,
  stateDirOf,
  submissionOf,
  writeRunRecord,
  type RunRecord,
} from "../train/run-record.ts";
import { submitJob } from "../train/submit.ts";
import { assertEvidence } from "./debug-evidence.ts";
import { debugRecipe } from "./debug-recipe.ts";
import type { DebugRequest, DebugResult } from "./debug-request.ts";
import { keptRollouts } from "./kept-rollouts.ts";

/**
 * One job of a mode, followed to its end and judged by what it left. It is not tried again; the same call follows a job that
 * is still running.
 *
 * @throws UsageError DEBUG_OUT_TAKEN, DEBUG_INPUT_MISSING; what the job failed of, as training tells it; what it did not leave
 */
export async function debugMiles(given: DebugRequest): Promise<DebugResult> {
  assertGiven(given);
  const stateDir = stateDirOf(given.outDir);
  const begun = await entriesOf(given.outDir);
  await mkdir(stateDir, { recursive: true });
  const lock = await acquireLock(join(stateDir, "lock"), {
    what: `a debug run in ${given.outDir}`,
    wait: false,
  });
  try {
    const kept =
      given.rolloutsFrom === undefined
        ? undefined
        : await keptRollouts(given.rolloutsFrom, given.recipe, given.emit);
    const request = { ...given, recipe: debugRecipe(given, kept) };
    const plan = await planJob(request.recipe);
    const record = await recordOf(request, plan, stateDir, begun);
    const attempt = await attemptOf(request, plan, record, stateDir);
    const failure = judgeFailure({ ...attempt, failure: attempt.log.failure });
    if (failure !== undefined) throw failureError(failure, attempt.log.file);
    const { steps, file: log } = attempt.log;
    const { mode, recipe, outDir } = request;
    const metrics = await lastMetrics(join(outDir, HISTORY_FILE));
    const made = await assertEvidence({ mode, recipe, outDir, log, steps, metrics });
    return {
      mode,
      submission: submissionOf(record),
      log,
      rollouts: [...(kept?.rollouts ?? []), ...made],
      optimizerSteps: stepsOf(steps, kept?.first, recipe.rollout.numStepsPerRollout),
      metrics,
    };
  } finally {
    await lock.release();
  }
}

const pointSchema = z.object({
  type: z.string(),
  values: z.record(z.string(), z.union([z.number(), z.string()])).default({}),
});

/** Last value of each figure; from the file, since an earlier process may have heard of it. */
async function lastMetrics(history: string): Promise<Record<string, number | string>> {
  const metrics: Record<string, number | string> = {};
  for await (const line of readNdjson(history)) {
    const point = validate(pointSchema, line, { what: "history", file: history });
    if (point.type === "metric") Object.assign(metrics, point.values);
  }
  return metrics;
}

function stepsOf(steps: number | undefined, first = 0, each: number): number {
  return steps === undefined ? 0 : steps - first * each;
}

function assertGiven({ mode, checkpointDir, evalSets, rolloutsFrom, recipe }: DebugRequest): void {
  const missing = (field: string, what: string): UsageError =>
    new UsageError("DEBUG_INPUT_MISSING", `Mode ${mode} needs ${what}.`, {
      field,
      hint: "moonlight debug --help has an example of each mode.",
    });
  if ((mode === "train" || mode === "step") && checkpointDir === undefined)
    throw missing("checkpoint", "a torch_dist checkpoint to start from");
  if (mode === "train" && rolloutsFrom === undefined)
    throw missing("rolloutsFrom", "rollouts that were kept");
  if (mode !== "train" && rolloutsFrom !== undefined)
    throw new UsageError("DEBUG_INPUT_UNUSED", `Mode ${mode} generates its rollouts.`, {
      field: "rolloutsFrom",
      hint: "Leave it out, or use mode train.",
    });
  if (mode === "eval" && (evalSets.length === 0 || recipe.eval.datasets.length === 0))
    throw missing("evalData", "a dataset, and a recipe that names it in eval.datasets");
}

const debugRecordSchema = z.object({ argv: z.string() });

/** The record of an unfinished job of the same arguments, or of a new one. */
async function recordOf(
  { outDir, mode }: DebugRequest,
  { launch }: JobPlan,
  stateDir: string,
  begun: readonly string[],
): Promise<RunRecord> {
  const file = join(stateDir, "debug.json");
  const argv = digestOf([...launch.argv]);
  const before = await readRunRecord(stateDir);
  const taken = (why: string): UsageError =>
    new UsageError("DEBUG_OUT_TAKEN", `${outDir} ${why}.`, {
      field: "out",
      hint: "Name another folder with --out, or remove this one.",
    });
  if (before !== undefined) {
    if (before.judged) throw taken("holds a debug run that has ended");
    const same = await readJson(file, debugRecordSchema, { what: "record of the debug run" });
    if (same.argv !== argv) throw taken("holds an unfinished debug run with other settings");
    return before;
  }
  if (begun.some((name) => name !== ".moonlight")) throw taken("is not empty");
  await writeJsonAtomic(file, { argv, mode });
  const record: RunRecord = {
    version: 1,
    run: randomBytes(6).toString("hex"),
    attempt: 1,
    fruitless: 0,
    submitted: false,
    judged: false,
  };
  await writeRunRecord(stateDir, record);
  return record;
}

async function attemptOf(
  request: DebugRequest,
  plan: JobPlan,
  record: RunRecord,
  stateDir: string,
): Promise<Attempt> {
  const { emit, signal, miles: settings = {} } = request;
  const submission = submissionOf(record);
  const cluster = await openChecked(request, plan, stateDir, record);
  let keepLogs = true;
  let now = record;
  const saveRecord = async (change: Partial<RunRecord>): Promise<void> => {
    now = { ...now, ...change };
    await writeRunRecord(stateDir, now);
  };
  try {
    const found = await cluster.jobs.find(submission, signal);
    if (found !== undefined)
      emit({ type: "log", message: `job ${submission} is there: following it` });
    else if (!record.submitted) await submitJob(cluster, plan, record, signal, emit);
    await saveRecord({ submitted: true });
    const attempt = await follow(request, cluster, now, stateDir, saveRecord);
    throwIfAborted(signal);
    await saveRecord({ judged: true });
    keepLogs = attempt.job?.status !== "SUCCEEDED";
    return attempt;
  } catch (error) {
    if (!signal.aborted || !now.submitted) throw error;
    keepLogs = false;
    const next = "Name another folder with --out to begin anew.";
    const { error: told, stopped } = await leaveOrStop(cluster, submission, settings, next, emit);
    if (stopped) await saveRecord({ judged: true });
    throw told;
  } finally {
    await cluster.close({ keepLogs });
  }
}

async function follow(
  { outDir, recipe, emit, signal, miles: settings = {} }: DebugRequest,
  cluster: Cluster,
  record: RunRecord,
  stateDir: string,
  saveRecord: (change: Partial<RunRecord>) => Promise<void>,
): Promise<Attempt> {
  const { numRollout, numStepsPerRollout, rolloutBatchSize } = recipe.rollout;
  const history = new History(join(outDir, HISTORY_FILE), record.log?.historyBytes ?? 0, emit);
  const submission = submissionOf(record);
  let told = record.log?.position.told;
  // Nothing is saved; whoever follows a job looks after its checkpoints all the same.
  const checkpoints = new CheckpointWatch({
    folder: outDir,
    pointer: join(stateDir, "last-good.json"),
    dataState: false,
    keep: undefined,
    savesAfter: () => 0,
    emit,
  });
  try {
    return await followAttempt({
      jobs: cluster.jobs,
      submission,
      checkpoints,
      settings,
      stateDir,
      attempt: record.attempt,
      from: record.log,
      history,
      stepsPerRollout: numStepsPerRollout,
      numRollout: Math.max(1, numRollout),
      groupsPerRollout: rolloutBatchSize,
      lostAfterMs: cluster.lostAfterMs,
      silenceIsEnd: cluster.own,
      dashboardDir: undefined,
      rayLogFile: cluster.logFile(submission),
      emit,
      signal,
      saveStand: async (log) => {
        if (log === undefined || log.position.told === told) return;
        told = log.position.told;
        history.flush();
        await saveRecord({ log });
      },
    });
  } finally {
    history.close();
  }
}

async function entriesOf(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => []);
}
