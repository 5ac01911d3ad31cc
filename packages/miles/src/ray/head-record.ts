import { existsSync } from "node:fs";
import { readJson, writeJsonAtomic } from "@moonlight-rl/core";
import { z } from "zod";

/** The mark in the environment of everything that a head of ours has started. */
export const HEAD_MARK = "MOONLIGHT_RAY_HEAD";

const headRecordSchema = z.object({
  /** Value of HEAD_MARK; written before the first process starts, so that none is ever unaccounted for. */
  mark: z.string().min(8),
  host: z.string(),
  /** Absent: killed between the record and the start. */
  pid: z.int().positive().optional(),
  start: z.string().optional(),
  dashboardPort: z.int(),
  tempDir: z.string(),
  tokenFile: z.string(),
});
export type HeadRecord = z.output<typeof headRecordSchema>;

export async function readHeadRecord(file: string): Promise<HeadRecord | undefined> {
  if (!existsSync(file)) return undefined;
  return readJson(file, headRecordSchema, {
    what: "record of a Ray head",
    code: "RAY_HEAD_RECORD",
  });
}

export function writeHeadRecord(file: string, record: HeadRecord): Promise<void> {
  return writeJsonAtomic(file, record);
}
