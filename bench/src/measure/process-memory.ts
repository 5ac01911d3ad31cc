import { readdirSync, readFileSync } from "node:fs";

/** How often processes are looked at. The kernel keeps each one's peak, so only its last moments can escape. */
const INTERVAL_MS = 50;

/** Follows a process and its descendants; `stop` gives the sum of each one's peak resident set in bytes. */
export function watchMemory(pid: number | undefined): { stop(): number } {
  const peaks = new Map<number, number>();
  const look = (): void => {
    if (pid === undefined) return;
    for (const id of family(pid)) {
      const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(read(`/proc/${id}/status`))?.[1];
      if (kilobytes !== undefined)
        peaks.set(id, Math.max(peaks.get(id) ?? 0, Number(kilobytes) * 1024));
    }
  };
  look();
  const timer = setInterval(look, INTERVAL_MS);
  return {
    stop() {
      clearInterval(timer);
      return [...peaks.values()].reduce((a, b) => a + b, 0);
    },
  };
}

function family(root: number): number[] {
  const found = [root];
  for (const pid of found) {
    for (const task of list(`/proc/${pid}/task`))
      for (const child of read(`/proc/${pid}/task/${task}/children`).split(" "))
        if (child !== "") found.push(Number(child));
  }
  return found;
}

/** A process may end at any moment; then there is nothing to read. */
function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
