import { parentPort, workerData } from "node:worker_threads";
import { getGrader } from "../get-grader.ts";
import type { Grade, GradingTask } from "../grade.ts";
import { loadGrader } from "./custom-grader.ts";
import {
  describeError,
  type ThreadBatch,
  type ThreadResult,
  type ThreadSetup,
} from "./thread-message.ts";

// A worker thread: gets one batch at a time, answers with grades as they come, and says in shared memory what it is at.
const { grader: source, clock } = workerData as ThreadSetup;

/** Grades are sent on at least this often, so that little is lost when the thread is ended. */
const SEND_EVERY_MS = 10;

type AnyGrader = (task: GradingTask) => Grade | Promise<Grade>;

async function load(): Promise<AnyGrader> {
  if ("custom" in source) return await loadGrader(source.custom);
  const grade = getGrader(source.name);
  return (task) => grade(task.response, task.label, task);
}

let loading: Promise<AnyGrader> | undefined;

async function work(tasks: ThreadBatch): Promise<void> {
  let results: ThreadResult[] = [];
  let sent = performance.now();
  for (const [at, task] of tasks.entries()) {
    Atomics.store(clock.began, 0, process.hrtime.bigint());
    Atomics.store(clock.current, 0, at);
    try {
      const grade = await (loading ??= load());
      const given = grade(task);
      results.push({ at, grade: given instanceof Promise ? await given : given });
    } catch (error) {
      results.push({ at, error: describeError(error) });
    }
    if (performance.now() - sent < SEND_EVERY_MS) continue;
    parentPort?.postMessage(results);
    results = [];
    sent = performance.now();
  }
  Atomics.store(clock.current, 0, -1);
  parentPort?.postMessage(results);
}

parentPort?.on("message", (tasks: ThreadBatch) => void work(tasks));
