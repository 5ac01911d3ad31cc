import { randomBytes } from "node:crypto";
import { access, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import {
  lockHolder,
  toMoonlightError,
  closest,
  readJson,
  readNdjson,
  UsageError,
  validate,
  eventSchema,
  type MoonlightError,
  type MoonlightEvent,
} from "@moonlight-rl/core";
import { compare } from "../artifact/folder.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { readJournal, type JournalEntry } from "./journal.ts";
import { runRecordSchema, type RunRecord } from "./run-record.ts";

export interface RunFiles {
  readonly folder: string;
  readonly record: string;
  readonly journal: string;
  readonly events: string;
  readonly lock: string;
}

export function runFiles(workspace: Workspace, id: string): RunFiles {
  const folder = join(workspace.runs, id);
  return {
    folder,
    record: join(folder, "run.json"),
    journal: join(folder, "journal.ndjson"),
    events: join(folder, "events.ndjson"),
    lock: join(folder, "lock"),
  };
}

/**
 * Makes the folder of a new run. Ids sort by start (UTC): `20261123-182030-a1b2`, where the last part is the millisecond in
 * hexadecimal and a random digit, so that "latest" is the later of two runs of one second.
 */
export async function createRunFolder(workspace: Workspace, now: Date): Promise<string> {
  await mkdir(workspace.runs, { recursive: true });
  const [date = "", time = ""] = now.toISOString().split("T");
  const stamp = `${date.replaceAll("-", "")}-${time.slice(0, 8).replaceAll(":", "")}`;
  const millisecond = now.getUTCMilliseconds().toString(16).padStart(3, "0");
  for (let attempt = 0; ; attempt++) {
    const random = randomBytes(2).toString("hex");
    // Sixteen runs of one millisecond are more than enough; a clock that stands still must not end in a loop.
    const id = `${stamp}-${attempt < 64 ? millisecond + random.slice(-1) : random}`;
    try {
      await mkdir(join(workspace.runs, id));
      return id;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}

/** A run as readers see it: one that was killed shows as "interrupted". */
export interface RunSummary extends RunRecord {
  readonly folder: string;
}

/** All runs of a workspace, oldest first. Folders without a readable run.json (a crash at creation) are left out. */
export async function listRuns(workspace: Workspace): Promise<RunSummary[]> {
  const runs: RunSummary[] = [];
  for (const id of await runIds(workspace)) {
    const run = await readRun(workspace, id).catch(() => undefined);
    if (run !== undefined) runs.push(run);
  }
  return runs;
}

/** Runs whose run.json is there and cannot be read, with why. */
export async function brokenRuns(
  workspace: Workspace,
): Promise<{ readonly id: string; readonly error: MoonlightError }[]> {
  const broken: { id: string; error: MoonlightError }[] = [];
  for (const id of await runIds(workspace)) {
    await readRun(workspace, id).catch((error: unknown) =>
      broken.push({ id, error: toMoonlightError(error) }),
    );
  }
  return broken;
}

export async function readRun(workspace: Workspace, id: string): Promise<RunSummary> {
  const files = runFiles(workspace, id);
  const record = await readJson(files.record, runRecordSchema, { what: "run.json" });
  const killed = record.status === "running" && (await lockHolder(files.lock)) === undefined;
  return { ...record, ...(killed ? { status: "interrupted" as const } : {}), folder: files.folder };
}

/** What a run has achieved, in order. */
export function readRunJournal(workspace: Workspace, id: string): Promise<JournalEntry[]> {
  return readJournal(runFiles(workspace, id).journal);
}

/** The event stream of a run, from its start. */
export async function* readRunEvents(
  workspace: Workspace,
  id: string,
): AsyncGenerator<MoonlightEvent> {
  const { events } = runFiles(workspace, id);
  for await (const line of readNdjson(events)) {
    yield validate(eventSchema, line, {
      what: "events.ndjson",
      file: events,
      many: true,
    });
  }
}

/** The id that a person means: a whole id, a unique part of one, "latest", or "latest~1" for the one before it. */
export async function findRun(workspace: Workspace, wanted: string): Promise<string> {
  const ids = await runIds(workspace);
  if (ids.includes(wanted)) return wanted;
  const newest = ids.at(-1);
  const back = /^latest(?:~(\d{1,6}))?$/.exec(wanted);
  const counted = back === null ? undefined : ids.at(-1 - Number(back[1] ?? 0));
  if (counted !== undefined) return counted;
  const matches = wanted === "" ? [] : ids.filter((id) => id.includes(wanted));
  if (matches.length === 1 && matches[0] !== undefined) return matches[0];
  const near = closest(wanted, ids) ?? newest;
  const hint =
    back !== null && newest !== undefined
      ? `There are only ${ids.length} runs in ${workspace.root}.`
      : matches.length > 1
        ? `It fits several runs: ${matches.slice(-3).join(", ")}.`
        : near === undefined
          ? `There are no runs in ${workspace.root}.`
          : `Did you mean "${near}"?`;
  throw new UsageError("RUN_UNKNOWN", `No run "${wanted}" in ${workspace.runs}.`, { hint });
}

async function runIds(workspace: Workspace): Promise<string[]> {
  const names = await readdir(workspace.runs).catch(() => []);
  const ids = names.filter((name) => /^\d{8}-\d{6}-[0-9a-f]{4}$/.test(name)).sort(compare);
  // A crash at the very start leaves a folder without a record: there is nothing in it to go on with.
  const started = await Promise.all(
    ids.map((id) =>
      access(runFiles(workspace, id).record).then(
        () => true,
        () => false,
      ),
    ),
  );
  return ids.filter((_, i) => started[i]);
}
