import { basename } from "node:path";
import { execa, type Options } from "execa";
import { watchMemory } from "./process-memory.ts";

export interface Timed {
  readonly seconds: number;
  /** Peak resident bytes of the command and all its children, as a sum of each process's own peak. */
  readonly peakRss: number;
  readonly stdout: string;
}

/** Runs a command to its end. A failure throws and shows the end of what it wrote. */
export async function timedCommand(
  file: string,
  args: readonly string[],
  options: Pick<Options, "cwd" | "env" | "input" | "cancelSignal"> = {},
): Promise<Timed> {
  const start = performance.now();
  const running = execa(file, args, {
    ...options,
    ...(options.input === undefined ? { stdin: "ignore" as const } : {}),
    reject: false,
    maxBuffer: 1 << 26,
    // The group is ended as one: a contender's helpers must not outlive it.
    forceKillAfterDelay: 2000,
  });
  const memory = watchMemory(running.pid);
  const result = await running;
  const seconds = (performance.now() - start) / 1000;
  const peakRss = memory.stop();
  if (result.exitCode !== 0)
    throw new Error(
      `${basename(file)} ended with ${result.signal ?? `exit ${result.exitCode ?? "?"}`}: ${lastWords(result.stderr, result.stdout)}`,
    );
  return { seconds, peakRss, stdout: result.stdout };
}

/** The line that names the error, else the last one. */
function lastWords(stderr: string, stdout: string): string {
  const lines = `${stdout}\n${stderr}`.split("\n").filter((line) => line.trim() !== "");
  return (lines.findLast((line) => /\b\w*Error: |error:/.test(line)) ?? lines.at(-1) ?? "").slice(
    0,
    500,
  );
}
