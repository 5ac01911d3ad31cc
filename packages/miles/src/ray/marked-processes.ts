import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { isAlive, processStart } from "@moonlight-rl/core";

/** A process of a tree that was started with a mark in its environment. */
export interface MarkedProcess {
  readonly pid: number;
  /** Its identity beyond the pid (`processStart`). */
  readonly start: string;
}

/**
 * Every living process that carries `NAME=value` in its environment, whoever its parent and whatever its session is by now: on
 * Linux by /proc, elsewhere the members of the process group `group`. Processes of other users are never among them.
 */
export async function markedProcesses(mark: string, group: number): Promise<MarkedProcess[]> {
  const pids = process.platform === "linux" ? await byEnvironment(mark) : await byGroup(group);
  const found = await Promise.all(
    pids
      .filter((pid) => pid !== process.pid)
      .map(async (pid) => ({ pid, start: await processStart(pid) })),
  );
  const alive = await Promise.all(found.map(({ pid, start }) => isAlive(pid, start)));
  return found.filter((_, i) => alive[i]);
}

/** Sends a signal to those that are still the same processes. */
export async function signalProcesses(
  processes: readonly MarkedProcess[],
  signal: NodeJS.Signals,
): Promise<void> {
  for (const { pid, start } of processes) {
    if (!(await isAlive(pid, start))) continue;
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}

async function byEnvironment(mark: string): Promise<number[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const wanted = `\0${mark}\0`;
  const carries = await Promise.all(
    pids.map(async (pid) => {
      const environment = await readFile(`/proc/${pid}/environ`, "latin1").catch(() => "");
      return `\0${environment}\0`.includes(wanted);
    }),
  );
  return pids.filter((_, i) => carries[i]).map(Number);
}

async function byGroup(group: number): Promise<number[]> {
  const { stdout } = await promisify(execFile)("ps", ["-A", "-o", "pid=,pgid="]);
  return stdout.split("\n").flatMap((line) => {
    const [pid, pgid] = line.trim().split(/\s+/).map(Number);
    return pid !== undefined && pgid === group ? [pid] : [];
  });
}
