import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import {
  acquireLock,
  History,
  HISTORY_FILE,
  type InterruptedError,
  TemporaryError,
  throwIfAborted,
  VerificationError,
  writeFileAtomic,
} from "@moonlight-rl/core";
import { CheckpointWatch } from "../checkpoints/checkpoint-watch.ts";
import { decideStart } from "../checkpoints/decide-start.ts";
import { pauseFor } from "../ray/pause.ts";
import { followAttempt } from "./attempt.ts";
import { bindRecipe } from "./bind-recipe.ts";
import type { Cluster } from "./cluster.ts";
import { assertWeightsChanged } from "./evidence.ts";
import { historyBefore } from "./history-before.ts";
import { logFileOf } from "./job-log.ts";
import { openChecked } from "./preflight.ts";
import { planJob, type JobPlan } from "./job-plan.ts";
import { adviceOf, failureError, judge, mayRetry } from "./judge.ts";
import { leaveOrStop } from "./interrupt.ts";
import {
  readRunRecord,
  stateDirOf,
  submissionOf,
  writeRunRecord,
  type RunRecord,
} from "./run-record.ts";
import { submitJob } from "./submit.ts";
import type { MilesTrainRequest, MilesTrainResult } from "./train-request.ts";

const RETRIES = 2;

/** One run of training on miles: jobs until the last rollout's checkpoint is there and good, or trying again makes no sense. */
export async function trainMiles(given: MilesTrainRequest): Promise<MilesTrainResult> {
  const stateDir = stateDirOf(given.saveDir);
  await mkdir(stateDir, { recursive: true });
  const lock = await acquireLock(join(stateDir, "lock"), {
    what: `training in ${given.saveDir}`,
    wait: false,
  });
  try {
    const recipe = bindRecipe(given);
    const request = { ...given, recipe };
    const plan = await planJob(recipe);
    return await new Run(request, plan, stateDir).toTheEnd();
  } finally {
    await lock.release();
  }
}

class Run {
  readonly #request: MilesTrainRequest;
  readonly #plan: JobPlan;
  readonly #stateDir: string;
  /** What an earlier process had reached. */
  #resumedAfter: number | undefined;
  #steps: number | undefined;
  /** A job of this process has succeeded, as far as its files' sizes tell. */
  #claimed = false;

  constructor(request: MilesTrainRequest, plan: JobPlan, stateDir: string) {
    this.#request = request;
    this.#plan = plan;
    this.#stateDir = stateDir;
  }

  async toTheEnd(): Promise<MilesTrainResult> {
    let record = await readRunRecord(this.#stateDir);
    let cluster: Cluster | undefined;
    let keepLogs = true;
    try {
      if (record?.judged === false) this.#resumedAfter = record.from;
      for (let first = true; ; first = false) {
        if (record === undefined || record.judged) {
          const start = await this.#start();
          const iteration = start.kind === "fresh" ? undefined : start.iteration;
          if (first) this.#resumedAfter = iteration;
          if (start.kind === "finished") {
            const result = await this.#result(start.iteration);
            keepLogs = false;
            return result;
          }
          if (this.#claimed)
            throw new VerificationError(
              "TRAIN_CHECKPOINT_DAMAGED",
              "The job has succeeded, and its last checkpoint is damaged.",
              {
                file: this.#request.saveDir,
                hint: "Look at the disk; run again to go on from the checkpoint before it.",
              },
            );
          record = await this.#nextRecord(record, iteration);
        }
        cluster ??= await openChecked(this.#request, this.#plan, this.#stateDir, record);
        record = await this.#attempt(record, cluster);
        if (record.lost === true) {
          await cluster.close({ keepLogs: true });
          cluster = undefined;
        }
      }
    } catch (error) {
      if (!this.#request.signal.aborted) throw error;
      keepLogs = false;
      if (cluster === undefined || record === undefined || record.judged) throw error;
      throw await this.#interrupt(cluster, record);
    } finally {
      await cluster?.close({ keepLogs });
    }
  }

  #start(): ReturnType<typeof decideStart> {
    const { saveDir, recipe, emit, signal } = this.#request;
    const { dataState, bridge } = this.#plan;
    const { numRollout } = recipe.rollout;
    return decideStart({ folder: saveDir, numRollout, dataState, bridge, emit, signal });
  }

  /** The record of the next job, written before there is one; the history is cut back to where it begins. */
  async #nextRecord(before: RunRecord | undefined, from: number | undefined): Promise<RunRecord> {
    const attempt = (before?.attempt ?? 0) + 1;
    const history = join(this.#request.saveDir, HISTORY_FILE);
    await writeFileAtomic(history, await historyBefore(history, from === undefined ? 0 : from + 1));
    const record: RunRecord = {
      version: 1,
      run: before?.run ?? randomBytes(6).toString("hex"),
      attempt,
      fruitless: before?.fruitless ?? 0,
      submitted: false,
      judged: false,
      ...(from === undefined ? {} : { from }),
    };
    await writeRunRecord(this.#stateDir, record);
    return record;
  }

  /** Submits or finds the job of a record, follows it, judges it. */
  async #attempt(record: RunRecord, cluster: Cluster): Promise<RunRecord> {
    const { recipe, saveDir, emit, signal, miles: settings = {} } = this.#request;
    const { numRollout, numStepsPerRollout, rolloutBatchSize } = recipe.rollout;
    const { saveInterval } = recipe.checkpoint;
    const submission = submissionOf(record);
    try {
      const found = await cluster.jobs.find(submission, signal);
      if (found !== undefined)
        emit({
          type: "log",
          message: `job ${submission} is there: following it`,
          data: { submission },
        });
      // A job that was there and is not any more went with its cluster; it is not the same one again.
      else if (!record.submitted) await submitJob(cluster, this.#plan, record, signal, emit);
    } catch (error) {
      if (!cluster.own || !(error instanceof TemporaryError)) throw error;
      const file = logFileOf(this.#stateDir, record.attempt);
      const nothing = { failure: undefined, steps: undefined, file };
      return this.#judge(record, { job: undefined, log: nothing, hang: undefined }, record.from);
    }
    emit({
      type: "progress",
      task: "rollouts",
      done: (record.from ?? -1) + 1,
      total: numRollout,
      unit: "rollouts",
    });
    const checkpoints = new CheckpointWatch({
      folder: saveDir,
      pointer: join(this.#stateDir, "last-good.json"),
      dataState: this.#plan.dataState,
      keep: settings.keepCheckpoints,
      savesAfter: (iteration) =>
        Math.ceil((numRollout - 1 - iteration) / (saveInterval ?? numRollout)),
      emit,
    });
    let now = { ...record, submitted: true };
    await writeRunRecord(this.#stateDir, now);
    const history = await this.#history(record);
    const attempt = await followAttempt({
      jobs: cluster.jobs,
      submission,
      checkpoints,
      settings,
      stateDir: this.#stateDir,
      attempt: record.attempt,
      from: record.log,
      history,
      stepsPerRollout: numStepsPerRollout,
      numRollout,
      groupsPerRollout: rolloutBatchSize,
      lostAfterMs: cluster.lostAfterMs,
      silenceIsEnd: cluster.own,
      dashboardDir:
        recipe.debug.dumpDetails === null ? undefined : join(recipe.debug.dumpDetails, "dashboard"),
      rayLogFile: cluster.logFile(submission),
      emit,
      signal,
      saveStand: async (log) => {
        if (log === undefined || log.position.told === now.log?.position.told) return;
        history.flush();
        now = { ...now, log };
        await writeRunRecord(this.#stateDir, now);
      },
    }).finally(() => history.close());
    throwIfAborted(signal);
    this.#steps = attempt.log.steps ?? this.#steps;
    return this.#judge(now, attempt, checkpoints.lastGood);
  }

  async #judge(
    record: RunRecord,
    { job, log, hang }: Awaited<ReturnType<typeof followAttempt>>,
    lastGood: number | undefined,
  ): Promise<RunRecord> {
    const { recipe, emit, signal, miles: settings = {} } = this.#request;
    const judgement = judge({
      job,
      failure: log.failure,
      hang,
      steps: log.steps,
      from: record.from,
      lastGood,
      lastRollout: recipe.rollout.numRollout - 1,
    });
    const progressed = lastGood !== undefined && lastGood !== record.from;
    const succeeded = judgement.kind === "succeeded";
    const fruitless = progressed ? 1 : record.fruitless + 1;
    const judged: RunRecord = { ...record, judged: true, fruitless, lost: false };
    await writeRunRecord(this.#stateDir, judged);
    this.#claimed = succeeded;
    if (succeeded) return judged;
    const { category, message } = judgement;
    if (!mayRetry(category, fruitless, settings.retries ?? RETRIES))
      throw failureError(judgement, log.file);
    emit({
      type: "warning",
      code: "TRAIN_RETRY",
      message: `${message} (${category}); trying again from ${lastGood === undefined ? "the start" : `the checkpoint of rollout ${lastGood}`}`,
      hint: adviceOf(category),
    });
    await pauseFor((settings.pollSeconds ?? 2) * 1000 * 2 ** fruitless, signal);
    return { ...judged, lost: category === "head-lost" };
  }

  /** The run's history as it was where the reader of the log stood. */
  async #history(record: RunRecord): Promise<History> {
    const file = join(this.#request.saveDir, HISTORY_FILE);
    const before = Buffer.byteLength(await historyBefore(file, (record.from ?? -1) + 1));
    return new History(file, record.log?.historyBytes ?? before, this.#request.emit);
  }

  async #interrupt(cluster: Cluster, record: RunRecord): Promise<InterruptedError> {
    const { miles: settings = {}, emit } = this.#request;
    const next = "The same command goes on from the last checkpoint.";
    const { error, stopped } = await leaveOrStop(
      cluster,
      submissionOf(record),
      settings,
      next,
      emit,
    );
    // An end that was asked for is nothing to judge: the next start goes on from the last checkpoint.
    if (stopped) await writeRunRecord(this.#stateDir, { ...record, judged: true, fruitless: 0 });
    return error;
  }

  /** @throws VerificationError TRAIN_WEIGHTS_UNCHANGED */
  async #result(iteration: number): Promise<MilesTrainResult> {
    const { saveDir, checkpointDir, recipe, signal } = this.#request;
    await assertWeightsChanged(checkpointDir, saveDir, iteration, signal);
    return {
      checkpointDir: saveDir,
      iteration,
      rollouts: iteration + 1,
      optimizerSteps: this.#steps ?? (iteration + 1) * recipe.rollout.numStepsPerRollout,
      resumedAfter: this.#resumedAfter,
    };
  }
}
