import { dirname } from "node:path";
import { z } from "zod";
import { keyPartsSchema } from "../runner/key.ts";
import { NdjsonWriter, readNdjson, syncDirectory, validate } from "@moonlight-rl/core";

const time = z.iso.datetime();

const entrySchema = z.discriminatedUnion("type", [
  /** A process began or went on with the run. */
  z.object({ type: z.literal("opened"), time, pid: z.int(), host: z.string().optional() }),
  /** Moving references were replaced; a resumed run uses the same ones. `request` is the digest of what was asked. */
  z.object({
    type: z.literal("resolved"),
    time,
    id: z.string(),
    request: z.string(),
    input: z.json(),
  }),
  z.object({
    type: z.literal("finished"),
    time,
    id: z.string(),
    stage: z.string(),
    key: z.string(),
    reused: z.boolean(),
    seconds: z.number(),
    output: z.json(),
    /** What the key was made of; journals of older versions lack it. */
    parts: keyPartsSchema.optional(),
  }),
  z.object({
    type: z.literal("failed"),
    time,
    id: z.string(),
    stage: z.string(),
    code: z.string(),
    message: z.string(),
  }),
  z.object({
    type: z.literal("closed"),
    time,
    status: z.enum(["ok", "failed", "interrupted"]),
  }),
]);

export type JournalEntry = z.output<typeof entrySchema>;
export type FinishedEntry = Extract<JournalEntry, { type: "finished" }>;
export type ResolvedEntry = Extract<JournalEntry, { type: "resolved" }>;

/** `journal.ndjson`: what a run has achieved, one durable line each; append-only, a torn last line is dropped. */
export class Journal {
  readonly #writer: NdjsonWriter;
  readonly #finished = new Map<string, FinishedEntry>();
  readonly #resolved = new Map<string, ResolvedEntry>();
  /** Milliseconds: of all processes before the last, and first and latest entry of that one. */
  #before = 0;
  #opened = 0;
  #latest = 0;

  private constructor(path: string, entries: readonly JournalEntry[]) {
    this.#writer = new NdjsonWriter(path);
    for (const entry of entries) this.#note(entry);
  }

  static async open(path: string): Promise<Journal> {
    const journal = new Journal(path, await readJournal(path));
    await syncDirectory(dirname(path));
    return journal;
  }

  finished(id: string): FinishedEntry | undefined {
    return this.#finished.get(id);
  }

  resolved(id: string): ResolvedEntry | undefined {
    return this.#resolved.get(id);
  }

  /** How long all processes together were at it. One that was killed counts until its last entry. */
  get seconds(): number {
    return (this.#before + this.#latest - this.#opened) / 1000;
  }

  /** On the disk when this returns. */
  append(entry: JournalEntry): void {
    this.#writer.append(entry, { durable: true });
    this.#note(entry);
  }

  close(): void {
    this.#writer.close();
  }

  #note(entry: JournalEntry): void {
    const time = Date.parse(entry.time);
    if (entry.type === "opened") {
      this.#before += this.#latest - this.#opened;
      this.#opened = this.#latest = time;
    }
    // A clock that is set back takes nothing away.
    this.#latest = Math.max(this.#latest, time);
    if (entry.type === "finished") this.#finished.set(entry.id, entry);
    if (entry.type === "resolved") this.#resolved.set(entry.id, entry);
  }
}

/** All entries of a journal; none when the file is not there (a crash before its first line). */
export async function readJournal(path: string): Promise<JournalEntry[]> {
  const entries: JournalEntry[] = [];
  try {
    for await (const line of readNdjson(path)) {
      entries.push(validate(entrySchema, line, { what: "journal.ndjson", file: path }));
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  return entries;
}
