import { z } from "zod";

const fileSchema = z.object({
  path: z.string(),
  status: z.enum(["ok", "unlisted", "missing", "size", "digest"]),
  bytes: z.int().nullable(),
  sha256: z.string(),
  by: z.enum(["sha256", "git", "nothing"]),
});
const faultSchema = z.object({ code: z.string(), message: z.string() });

/** What `fetch verify` found. */
export const verifyOutput = z.object({
  layout: z.enum(["artifact", "local-dir", "hf-cache", "plain"]),
  folder: z.string(),
  commit: z.string().optional(),
  files: z.array(fileSchema),
  content: z.string(),
  faults: z.array(faultSchema),
});
export type VerifyOutput = z.output<typeof verifyOutput>;
