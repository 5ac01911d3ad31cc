import {
  closeSync,
  createReadStream,
  fdatasync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from "node:fs";
import { VerificationError } from "@moonlight-rl/core";
import type { z } from "zod";
import { answerSchema, type Answer, type SampleRequest } from "../policy/answer.ts";
import { recordedGradeSchema, type RecordedGrade } from "./recorded-grade.ts";

/** Where a line stands in the file; no samples are kept in memory. */
interface Place {
  readonly offset: number;
  readonly length: number;
}

interface Entry {
  readonly answer: Place;
  grade?: Place;
}

/** Bytes that are read at once: lines that are asked for together were written about together. */
const WINDOW = 1 << 16;

/** Lines are handed to the operating system at once, which survives a kill; to the disk this often, which survives a power cut. */
const SYNC_EVERY_MS = 1000;

/**
 * Every answer and every grade as one line each, written the moment it is there. After a crash an answer on record is
 * never asked again and never counted twice; a line that was cut off is dropped. Memory: about 300 bytes a sample.
 */
export class SampleJournal {
  readonly #path: string;
  readonly #file: number;
  readonly #entries = new Map<string, Entry>();
  #size = 0;
  /** A part of the file, from `#windowStart` on. */
  #window = Buffer.alloc(0);
  #windowStart = 0;
  #synced = performance.now();

  private constructor(path: string) {
    this.#path = path;
    this.#file = openSync(path, "a+");
  }

  /**
   * Opens or makes the file. `onAnswer` and `onGrade` get what is on record, in the order of writing.
   * Errors: `EVAL_JOURNAL_CORRUPT`.
   */
  static async open(
    path: string,
    listener: {
      readonly onAnswer?: (answer: Answer) => void;
      readonly onGrade?: (grade: RecordedGrade) => void;
    } = {},
  ): Promise<SampleJournal> {
    const journal = new SampleJournal(path);
    try {
      for await (const { text, place } of journal.#lines()) {
        const value = journal.#parse(text);
        const grade = recordedGradeSchema.safeParse(value);
        if (grade.success) {
          journal.#noteGrade(grade.data, place);
          listener.onGrade?.(grade.data);
          continue;
        }
        const answer = journal.#check(answerSchema, value);
        journal.#noteAnswer(answer, place);
        listener.onAnswer?.(answer);
      }
      ftruncateSync(journal.#file, journal.#size);
    } catch (error) {
      journal.close();
      throw error;
    }
    return journal;
  }

  has(request: SampleRequest): boolean {
    return this.#entries.has(keyOf(request));
  }

  isGraded(request: SampleRequest): boolean {
    return this.#entries.get(keyOf(request))?.grade !== undefined;
  }

  appendAnswers(answers: readonly Answer[]): void {
    for (const answer of answers) this.#noteAnswer(answer, this.#append(answer));
    this.#sync();
  }

  appendGrade(grade: RecordedGrade): void {
    this.#noteGrade(grade, this.#append(grade));
  }

  readAnswer(request: SampleRequest): Answer {
    return this.#check(answerSchema, this.#read(this.#entries.get(keyOf(request))?.answer));
  }

  readGrade(request: SampleRequest): RecordedGrade {
    return this.#check(recordedGradeSchema, this.#read(this.#entries.get(keyOf(request))?.grade));
  }

  close(): void {
    closeSync(this.#file);
  }

  #append(value: object): Place {
    const line = Buffer.from(`${JSON.stringify(value)}\n`);
    for (let at = 0; at < line.length;) at += writeSync(this.#file, line, at);
    const place = { offset: this.#size, length: line.length };
    this.#size += line.length;
    return place;
  }

  /** Does not wait: answers go on while the disk works. */
  #sync(): void {
    if (performance.now() - this.#synced < SYNC_EVERY_MS) return;
    this.#synced = performance.now();
    // A journal that was closed meanwhile needs none; a disk that fails shows with the next write.
    fdatasync(this.#file, () => undefined);
  }

  #noteAnswer(answer: Answer, place: Place): void {
    const key = keyOf(answer);
    if (this.#entries.has(key)) throw this.#corrupt(`${key} is on record twice`);
    this.#entries.set(key, { answer: place });
  }

  #noteGrade(grade: RecordedGrade, place: Place): void {
    const entry = this.#entries.get(keyOf(grade));
    if (entry === undefined || entry.grade !== undefined) {
      throw this.#corrupt(`a grade of ${keyOf(grade)} has no answer or is there twice`);
    }
    entry.grade = place;
  }

  #read(place: Place | undefined): unknown {
    if (place === undefined) throw new RangeError("not on record");
    const { offset, length } = place;
    const end = this.#windowStart + this.#window.length;
    if (offset < this.#windowStart || offset + length > end) this.#moveWindow(offset, length);
    const from = offset - this.#windowStart;
    return this.#parse(this.#window.toString("utf8", from, from + length));
  }

  /** Lines that were written are never written anew, so what the window holds stays true. */
  #moveWindow(offset: number, least: number): void {
    const size = Math.max(least, Math.min(WINDOW, this.#size - offset));
    const window = Buffer.allocUnsafe(size);
    for (let at = 0; at < size;) {
      const count = readSync(this.#file, window, at, size - at, offset + at);
      if (count === 0) throw this.#corrupt("it has become shorter");
      at += count;
    }
    this.#window = window;
    this.#windowStart = offset;
  }

  /** The whole lines; what follows the last of them is not counted in the size. */
  async *#lines(): AsyncGenerator<{ text: string; place: Place }> {
    let parts: Buffer[] = [];
    for await (const value of createReadStream(this.#path, { highWaterMark: 1 << 20 })) {
      const block = value as Buffer;
      let from = 0;
      for (let end = block.indexOf(10); end !== -1; end = block.indexOf(10, from)) {
        parts.push(block.subarray(from, end + 1));
        const line = Buffer.concat(parts);
        parts = [];
        from = end + 1;
        const place = { offset: this.#size, length: line.length };
        this.#size += line.length;
        yield { text: line.toString(), place };
      }
      if (from < block.length) parts.push(block.subarray(from));
    }
  }

  #parse(text: string): unknown {
    try {
      return JSON.parse(text) as unknown;
    } catch (cause) {
      throw this.#corrupt("a line is not JSON", cause);
    }
  }

  #check<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    throw this.#corrupt("a line is no answer and no grade", parsed.error);
  }

  #corrupt(what: string, cause?: unknown): VerificationError {
    return new VerificationError("EVAL_JOURNAL_CORRUPT", `${this.#path} is damaged: ${what}.`, {
      file: this.#path,
      hint: "Delete the file: its samples are then taken anew.",
      ...(cause === undefined ? {} : { cause }),
    });
  }
}

function keyOf({ problem, sample }: SampleRequest): string {
  return `problem ${problem}, sample ${sample}`;
}
