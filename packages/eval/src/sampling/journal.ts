import { existsSync } from "node:fs";
import { NdjsonWriter, readNdjson, VerificationError } from "@moonlight-rl/core";
import { z } from "zod";
import { gradedSampleSchema, type GradedSample } from "../result/graded-sample.ts";

const entrySchema = z.object({
  /** First problem of the batch. */
  first: z.int().nonnegative(),
  samples: z.array(gradedSampleSchema),
});

/**
 * Finished batches, one durable line each: what survives a crash. A batch is there whole or not at all
 * (a line that was cut off is dropped), so nothing is asked twice that is there, and nothing counts twice.
 */
export class SampleJournal {
  readonly #writer: NdjsonWriter;
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
    // Cuts off a torn last line before anything is read.
    this.#writer = new NdjsonWriter(path);
  }

  /** The batches on record, by first problem. */
  async read(): Promise<Map<number, readonly GradedSample[]>> {
    const batches = new Map<number, readonly GradedSample[]>();
    if (!existsSync(this.#path)) return batches;
    for await (const line of readNdjson(this.#path)) {
      const entry = entrySchema.safeParse(line);
      if (!entry.success || batches.has(entry.data.first)) throw this.#corrupt(entry.error);
      batches.set(entry.data.first, entry.data.samples);
    }
    return batches;
  }

  append(first: number, samples: readonly GradedSample[]): void {
    this.#writer.append({ first, samples }, { durable: true });
  }

  close(): void {
    this.#writer.close();
  }

  #corrupt(cause: unknown): VerificationError {
    return new VerificationError("EVAL_JOURNAL_CORRUPT", `${this.#path} is damaged.`, {
      file: this.#path,
      hint: "Delete the file: its samples are then taken anew.",
      cause,
    });
  }
}
