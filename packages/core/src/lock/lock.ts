import { randomUUID } from "node:crypto";
import { link, mkdir, readdir, readFile, rmdir, stat, unlink, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { removePath } from "../atomic-file.ts";
import { TemporaryError, throwIfAborted } from "../error.ts";
import { isAlive, processStart } from "./process-identity.ts";

const holderSchema = z.object({
  pid: z.int(),
  host: z.string(),
  /** Identity of the process beyond its pid, see `processStart`. */
  start: z.string(),
  since: z.string(),
});

export type LockHolder = z.output<typeof holderSchema>;

export interface Lock {
  release(): Promise<void>;
}

export interface LockOptions {
  /** What is locked, for messages: "run 20261123-…", "stage convert". */
  readonly what: string;
  /** true = wait for a live holder on this host; false = fail at once. */
  readonly wait: boolean;
  readonly signal?: AbortSignal;
  /** Called once when waiting begins. */
  readonly onWait?: (holder: LockHolder) => void;
}

const POLL_MS = 100;
/** A breaker works for milliseconds; one that is older died in the middle. */
const BREAKER_STALE_MS = 10_000;

/**
 * Takes the lock file at `path`. It names its holder; the lock of a dead process of this host is taken over,
 * one of another host is refused, because nothing here can tell whether that process lives.
 */
export async function acquireLock(path: string, options: LockOptions): Promise<Lock> {
  await mkdir(dirname(path), { recursive: true });
  let waiting = false;
  for (;;) {
    throwIfAborted(options.signal);
    if (await create(path)) {
      await sweep(path);
      return { release: () => unlink(path) };
    }
    const holder = await readHolder(path);
    if (holder === undefined) {
      // Released just now, or (unreadable) left by a crash of the disk.
      if (await exists(path)) await takeOver(path, undefined);
      continue;
    }
    if (holder.host !== hostname()) throw heldElsewhere(path, holder, options);
    if (!(await isAlive(holder.pid, holder.start))) {
      await takeOver(path, holder);
      continue;
    }
    if (!options.wait) throw heldHere(path, holder, options);
    if (!waiting) options.onWait?.(holder);
    waiting = true;
    await sleep(POLL_MS);
  }
}

/** Who holds the lock now; undefined when nobody does, or only a dead process of this host. */
export async function lockHolder(path: string): Promise<LockHolder | undefined> {
  const holder = await readHolder(path);
  if (holder === undefined || holder.host !== hostname()) return holder;
  return (await isAlive(holder.pid, holder.start)) ? holder : undefined;
}

/** Atomic, content included: a lock file is never seen without its holder. */
async function create(path: string): Promise<boolean> {
  const temporary = `${path}.${process.pid}-${randomUUID().slice(0, 8)}`;
  const holder: LockHolder = {
    pid: process.pid,
    host: hostname(),
    start: await processStart(process.pid),
    since: new Date().toISOString(),
  };
  try {
    // A full disk leaves an empty file, which has to go too.
    await writeFile(temporary, JSON.stringify(holder));
    await link(temporary, path);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (code === "EEXIST") return false;
    if (!["EPERM", "ENOTSUP", "ENOSYS", "EMLINK"].includes(code)) throw error;
    return await createWithoutLink(path, holder);
  } finally {
    await removePath(temporary);
  }
}

/** Removes what processes that were killed within `create` have left. */
async function sweep(path: string): Promise<void> {
  const prefix = `${basename(path)}.`;
  for (const name of await readdir(dirname(path))) {
    const pid = name.startsWith(prefix)
      ? /^(\d+)-[0-9a-f]{8}$/.exec(name.slice(prefix.length))
      : null;
    if (pid === null || (await isAlive(Number(pid[1]), "unknown"))) continue;
    await removePath(join(dirname(path), name));
  }
}

/** For file systems without hard links. */
async function createWithoutLink(path: string, holder: LockHolder): Promise<boolean> {
  try {
    await writeFile(path, JSON.stringify(holder), { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/**
 * Removes a dead holder's lock. Only who holds the breaker folder may do so, and looks again first; otherwise
 * two processes that saw the same dead holder could remove each other's new lock.
 */
async function takeOver(path: string, dead: LockHolder | undefined): Promise<void> {
  const breaker = `${path}.breaker`;
  try {
    await mkdir(breaker);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    const status = await stat(breaker).catch(() => undefined);
    // One from the future is stale, too: the clock was set back since its maker died.
    if (status !== undefined && Math.abs(Date.now() - status.mtimeMs) > BREAKER_STALE_MS) {
      await removePath(breaker);
    }
    await sleep(POLL_MS / 10);
    return;
  }
  try {
    const now = await readHolder(path);
    if (JSON.stringify(now) === JSON.stringify(dead)) await removePath(path);
  } finally {
    await rmdir(breaker);
  }
}

async function readHolder(path: string): Promise<LockHolder | undefined> {
  try {
    return holderSchema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch {
    return undefined;
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function heldHere(path: string, holder: LockHolder, { what }: LockOptions): TemporaryError {
  return new TemporaryError(
    "LOCK_HELD",
    `${what} is being worked on by process ${holder.pid} since ${holder.since}.`,
    { file: path, hint: "Wait until it has ended, or end it." },
  );
}

function heldElsewhere(path: string, holder: LockHolder, { what }: LockOptions): TemporaryError {
  return new TemporaryError(
    "LOCK_HELD_ELSEWHERE",
    `${what} is locked by process ${holder.pid} on host ${holder.host} since ${holder.since}.`,
    { file: path, hint: `If that process is gone for sure, remove ${path} and try again.` },
  );
}
