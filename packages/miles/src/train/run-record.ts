import { existsSync } from "node:fs";
import { join } from "node:path";
import { readJson, writeJsonAtomic } from "@moonlight-rl/core";
import { z } from "zod";

/** What a restarted process has to know of the run; beside the checkpoints. */
const runRecordSchema = z.object({
  version: z.literal(1),
  /** Names the run; random, since other people's machines and folders may have the same names. */
  run: z.string().regex(/^[0-9a-f]{12}$/),
  attempt: z.int().positive(),
  /** Tries since the last new checkpoint. */
  fruitless: z.int().nonnegative(),
  /** Iteration that this job went on from. */
  from: z.int().nonnegative().optional(),
  /** Whether the cluster has taken the job: if it does not know it any more, it went with its cluster. */
  submitted: z.boolean(),
  /** Whether the end of this job was seen and judged. */
  judged: z.boolean(),
  /** Its cluster has lost it. */
  lost: z.boolean().optional(),
  /** Where the reader of its log stood, and how much of the history belongs to that. */
  log: z
    .object({
      position: z.object({
        offset: z.int(),
        told: z.int(),
        pending: z.array(z.int()),
        steps: z.record(z.string(), z.string()),
      }),
      historyBytes: z.int(),
    })
    .optional(),
});
export type RunRecord = z.output<typeof runRecordSchema>;

/** Folder within the save folder that is ours. */
export function stateDirOf(saveDir: string): string {
  return join(saveDir, ".moonlight");
}

/** Submission id of the run's job: written down before it is used, so nothing is ever submitted twice. */
export function submissionOf({ run, attempt }: Pick<RunRecord, "run" | "attempt">): string {
  return `moonlight-${run}-${attempt}`;
}

export async function readRunRecord(stateDir: string): Promise<RunRecord | undefined> {
  const file = join(stateDir, "run.json");
  if (!existsSync(file)) return undefined;
  return readJson(file, runRecordSchema, {
    what: "record of the run",
    code: "TRAIN_RECORD_INVALID",
  });
}

export function writeRunRecord(stateDir: string, record: RunRecord): Promise<void> {
  return writeJsonAtomic(join(stateDir, "run.json"), record);
}
