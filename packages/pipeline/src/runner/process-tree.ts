import { readdir, readFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";

/** A child process that can be asked to end. */
export interface EndableProcess {
  readonly pid: number | undefined;
  /** Settles when it has ended. */
  readonly ended: Promise<unknown>;
  readonly terminate: () => void;
}

interface Entry {
  readonly pid: number;
  readonly parent: number;
  /** Ticks since boot; with the pid it names one process for ever. */
  readonly started: string;
}

/**
 * Asks a child to end, which ends its own children; after `graceMs` it and whatever it has started are killed. Launchers such as
 * torchrun put their workers into sessions of their own, where no signal to a group reaches them: descendants are found
 * through /proc, and on systems without it only the child is.
 */
export async function endTree(child: EndableProcess, graceMs: number): Promise<void> {
  const { pid } = child;
  if (pid === undefined) return;
  const before = descendants(await processes(), pid);
  child.terminate();
  const timer = new AbortController();
  const ended = await Promise.race([
    child.ended.then(
      () => true,
      () => true,
    ),
    setTimeout(graceMs, false, { signal: timer.signal }),
  ]);
  timer.abort();
  const now = await processes();
  const known = new Set([...before, ...descendants(now, pid)].map(name));
  for (const entry of now)
    if (known.has(name(entry)) || (!ended && entry.pid === pid)) kill(entry.pid);
  if (!ended) kill(pid);
}

const name = ({ pid, started }: Entry): string => `${pid} ${started}`;

async function processes(): Promise<Entry[]> {
  const pids = (await readdir("/proc").catch(() => [])).filter((text) => /^\d+$/.test(text));
  return (await Promise.all(pids.map(entryOf))).filter((entry) => entry !== undefined);
}

/** proc(5): fields after the program's name, which is in parentheses and may hold anything. */
async function entryOf(pid: string): Promise<Entry | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [parent, started] = [fields?.[1], fields?.[19]];
  if (parent === undefined || started === undefined) return undefined;
  return { pid: Number(pid), parent: Number(parent), started };
}

function descendants(all: readonly Entry[], pid: number): Entry[] {
  const found: Entry[] = [];
  let level = new Set([pid]);
  while (level.size > 0) {
    const children = all.filter(({ parent }) => level.has(parent));
    found.push(...children);
    level = new Set(children.map((child) => child.pid));
  }
  return found;
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
