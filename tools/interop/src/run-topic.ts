import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { pythonEnvironment } from "./environment.ts";
import { countOutput, type Count } from "./tally.ts";
import type { Topic } from "./topics.ts";

const SOURCES = fileURLToPath(new URL("../../", import.meta.url));
const BUILT = fileURLToPath(new URL("../", import.meta.url));

export interface LiveOptions {
  readonly miles?: string | undefined;
  readonly megatron?: string | undefined;
  /** Parts of the check, of topics that have some; default all. */
  readonly only?: readonly string[];
  readonly seed?: string | undefined;
  readonly count?: string | undefined;
  /** Write the golden files of normal tests anew. */
  readonly update?: boolean;
}

/** Whether the topic has a live check. */
export function hasLiveCheck({ name }: Topic): boolean {
  return existsSync(join(SOURCES, name, "run.py"));
}

/** Whether the topic compares with a file of cases. */
export function hasCases({ name }: Topic): boolean {
  return existsSync(join(BUILT, name, "cases.js"));
}

/** Runs the live check in an environment of its own; what it writes is passed on while it runs. */
export async function runLive(
  topic: Topic,
  options: LiveOptions,
  signal: AbortSignal,
): Promise<Count> {
  const bin = await pythonEnvironment({
    name: topic.name,
    requirements: join(SOURCES, topic.name, "requirements.txt"),
    signal,
    note: (text) => {
      console.error(text);
    },
  });
  return await counted(
    join(bin, "python"),
    [join(SOURCES, topic.name, "run.py"), ...flags(topic, options)],
    signal,
  );
}

/** Compares with the cases of a file; needs no Python. */
export async function runCases(topic: Topic, file: string, signal: AbortSignal): Promise<Count> {
  return await counted(process.execPath, [join(BUILT, topic.name, "cases.js"), file], signal);
}

function flags(
  topic: Topic,
  { miles, megatron, only = [], seed, count, update }: LiveOptions,
): string[] {
  return [
    ...(topic.reference && miles !== undefined ? ["--miles", miles] : []),
    ...(topic.reference && megatron !== undefined ? ["--megatron", megatron] : []),
    ...(topic.seeds && seed !== undefined ? ["--seed", seed] : []),
    ...(topic.seeds && count !== undefined ? ["--count", count] : []),
    ...(topic.parts ? only : []),
    ...(topic.goldens && update === true ? ["--update"] : []),
  ];
}

async function counted(
  file: string,
  args: readonly string[],
  cancelSignal: AbortSignal,
): Promise<Count> {
  const { stdout, exitCode, signal } = await execa(file, args, {
    stdin: "ignore",
    stdout: ["pipe", "inherit"],
    stderr: "inherit",
    env: { PYTHONUNBUFFERED: "1" },
    maxBuffer: 1 << 28,
    reject: false,
    cancelSignal,
  });
  const count = countOutput(stdout);
  if (count !== undefined && (exitCode === 0) === (count.failed === 0)) return count;
  // A check that broke off, or that says other than its exit code, has not passed.
  return failure(
    `${args[0] ?? file} ended with ${signal ?? `exit ${exitCode ?? "?"}`}`,
    count ?? { passed: 0, failed: 0, skipped: 0 },
  );
}

/** A failure beside what was counted, printed as a check prints it. */
export function failure(
  text: string,
  { passed, failed, skipped }: Count = { passed: 0, failed: 0, skipped: 0 },
): Count {
  console.log(`FAIL  ${text}\n${passed} passed, ${failed + 1} failed`);
  return { passed, failed: failed + 1, skipped };
}
