import { copyFile, mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { dataStateFile } from "../checkpoints/save-folder.ts";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { writeTestIteration } from "./checkpoints.ts";
import { endJob, failJob, type JobEnding } from "./job-endings.ts";
import type { FakeJob } from "./jobs-server.ts";

/** How a job of the stand-in ends. */
export type StandInMode =
  | "ok"
  /** Writes no line any more after its first rollout. */
  | "hang"
  /** Ends successfully after nothing. */
  | "zero-steps"
  /** Saves weights that nobody trained. */
  | "unchanged"
  /** Fails by a fault of its code, at once. */
  | "crash"
  /** Is killed between a save and its data position. */
  | "killed-in-save"
  /** Every reward is zero. */
  | "zero-reward"
  /** Its loss is no number. */
  | "nan"
  | JobEnding;

export interface StandInOptions {
  /** One for each job in turn; the last for all further ones. Default ok. */
  readonly modes?: readonly StandInMode[];
  /** Milliseconds of a rollout. */
  readonly rolloutMs?: number;
}

/** Plays miles' train.py on a test server: its flags, its log lines, its checkpoints, its way to resume. */
export function standIn({ modes = ["ok"], rolloutMs = 5 }: StandInOptions = {}): (
  job: FakeJob,
) => Promise<void> {
  let jobs = 0;
  return async (job) => {
    const mode = modes[Math.min(jobs++, modes.length - 1)] ?? "ok";
    try {
      await play(job, mode, rolloutMs);
    } catch (error) {
      job.write(`Traceback (most recent call last):\nRuntimeError: ${String(error)}\n`);
      job.end("FAILED", 1, String(error));
    }
  };
}

async function play(job: FakeJob, mode: StandInMode, rolloutMs: number): Promise<void> {
  const flags = flagsOf(job.request.entrypoint);
  const flag = (name: string): string => flags.get(`--${name}`) ?? "";
  const save = flag("save");
  const [rollouts, interval, steps] = ["num-rollout", "save-interval", "num-steps-per-rollout"].map(
    (name) => Number(flag(name)),
  ) as [number, number, number];
  line(job, "main", "placement_group.py:113", "Creating placement group with 1 GPUs...");
  if (DEBUG_FLAGS.some((name) => flags.has(name)) && mode === "ok")
    return playDebug(job, flags, rolloutMs);
  if (mode === "crash") return failJob(job, "ValueError: label 'x' is not a number");
  if (mode === "zero-steps") return job.end("SUCCEEDED", 0);
  let saves = 0;
  for (let id = await startOf(flag("load")); id < rollouts; id++) {
    await sleep(rolloutMs);
    if (job.signal.aborted) return;
    reportRollout(job, id);
    reportTraining(job, id, steps, mode);
    if (mode === "hang") return;
    if ((id + 1) % interval !== 0 && id !== rollouts - 1) continue;
    await writeTestIteration(save, flag("hf-checkpoint"), {
      iteration: id,
      shift: mode === "unchanged" ? 0 : (id + 1) / 64,
      dataState: mode !== "killed-in-save" || saves === 0,
    });
    job.write(
      `  successfully saved checkpoint from iteration ${String(id).padStart(7)} to ${save} [ t 1/1, p 1/1 ]\n`,
    );
    saves++;
    if (isEnding(mode)) return endJob(job, mode, { save, iteration: id, interval });
    if (mode === "killed-in-save" && saves === 2)
      return endJob(job, "killed", { save, iteration: id, interval });
  }
  job.end("SUCCEEDED", 0);
}

const DEBUG_FLAGS = [
  "--debug-rollout-only",
  "--load-debug-rollout-data",
  "--debug-exit-after-rollout",
] as const;
/** Rollouts as the reference's own functions kept them. */
const KEPT = fileURLToPath(new URL("../../golden/dump/rollout_data/", import.meta.url));

/** Runs that leave a part out, in the order of the reference's train.py. */
async function playDebug(
  job: FakeJob,
  flags: ReadonlyMap<string, string>,
  rolloutMs: number,
): Promise<void> {
  const flag = (name: string): string | undefined => flags.get(`--${name}`);
  const [loaded, kept] = [flag("load-debug-rollout-data"), flag("save-debug-rollout-data")];
  const file = (template: string, name: string): string => template.replace("{rollout_id}", name);
  const keep = async (name: string): Promise<void> => {
    if (kept === undefined) return;
    await mkdir(dirname(kept), { recursive: true });
    await copyFile(join(KEPT, `${name}.pt`), file(kept, name));
  };
  const rollouts = Number(flag("num-rollout"));
  if (rollouts === 0 && flags.has("--eval-interval")) {
    await keep("eval_0");
    line(job, "rollout_manager", "metrics.py:51", "eval 0: {'eval/tiny-aime': 0.75}", MANAGER);
  }
  const exitAfter = Number(flag("debug-exit-after-rollout") ?? rollouts);
  const first = Number(flag("start-rollout-id") ?? 0);
  for (let id = first; id < Math.min(rollouts, first + exitAfter); id++) {
    await sleep(rolloutMs);
    if (job.signal.aborted) return;
    if (loaded !== undefined && !existsSync(file(loaded, String(id))))
      return failJob(job, `FileNotFoundError: ${file(loaded, String(id))}`);
    await keep(String(id));
    if (loaded === undefined) reportRollout(job, id);
    if (!flags.has("--debug-rollout-only"))
      reportTraining(job, id, Number(flag("num-steps-per-rollout")));
  }
  job.end("SUCCEEDED", 0);
}

/** As miles resumes: after the tracker's iteration, or from 0 without one. */
async function startOf(load: string): Promise<number> {
  const tracker = join(load, "latest_checkpointed_iteration.txt");
  if (!existsSync(tracker)) return 0;
  const iteration = Number(await readFile(tracker, "utf8"));
  if (!existsSync(dataStateFile(load, iteration)))
    throw new Error("the prompts would start anew, without a word");
  return iteration + 1;
}

const ACTOR = "(MegatronTrainRayActor pid=4735) ";
const MANAGER = "(RolloutManager pid=4675) ";

/** Modes that say themselves what goes on. */
const PLAYED = new Set<StandInMode>(
  "ok hang zero-steps unchanged crash killed-in-save zero-reward nan".split(" ") as StandInMode[],
);

function isEnding(mode: StandInMode): mode is JobEnding {
  return !PLAYED.has(mode);
}

function reportRollout(job: FakeJob, id: number): void {
  line(
    job,
    "rollout_manager",
    "metrics.py:89",
    `perf ${id}: {'rollout/response_len/mean': 9.5, 'rollout/truncated_ratio': 0.0, 'perf/rollout_time': 1.5}`,
    MANAGER,
  );
}

function reportTraining(job: FakeJob, id: number, steps: number, mode: StandInMode = "ok"): void {
  const reward = mode === "zero-reward" ? 0 : 0.25 + id / 100;
  line(
    job,
    "actor_cell0_rank0",
    "log_utils.py:123",
    `rollout ${id}: {'rollout/raw_reward': ${reward}, 'rollout/truncated': 0.0}`,
    ACTOR,
  );
  for (let n = id * steps; n < (id + 1) * steps; n++) {
    const values = `step ${n}: {'train/loss': ${mode === "nan" ? "nan" : 1 / (n + 1)}, 'train/pg_loss': -0.5, 'train/pg_clipfrac': 0.0, 'train/kl_loss': 0.0, 'train/grad_norm': 0.5, 'train/step': ${n}}`;
    line(job, "actor_cell0_rank0", "log_utils.py:544", values, ACTOR);
    line(job, "actor_cell0_rank0", "model.py:854", values, ACTOR);
  }
  line(
    job,
    "actor_cell0_rank0",
    "train_metric_utils.py:50",
    `perf ${id}: {'perf/actor_train_time': 2.5, 'perf/step_time': 4.0}`,
    ACTOR,
  );
}

function line(job: FakeJob, name: string, place: string, text: string, prefix = ""): void {
  job.write(`${prefix}[2026-08-11 12:00:00.123 ${name}] ${place} - ${text}\n`);
}

/** The flags of a command line as it was quoted for a shell; of a flag with several values the first. */
function flagsOf(entrypoint: string): Map<string, string> {
  const words = [...entrypoint.matchAll(/(?:[^\s']+|'[^']*')+/g)].map(([word]) =>
    word.replaceAll("'", ""),
  );
  return new Map(
    words.flatMap((word, i) =>
      word.startsWith("--") ? [[word, words[i + 1] ?? ""] as const] : [],
    ),
  );
}
