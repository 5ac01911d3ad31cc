import { execFile } from "node:child_process";
import { arch, hostname, platform } from "node:os";
import { promisify } from "node:util";
import { z } from "zod";

export const runRecordSchema = z.object({
  contract: z.literal(1),
  id: z.string(),
  pipeline: z.string(),
  /** Without unkeyed fields, so without secrets. */
  params: z.record(z.string(), z.json()),
  versions: z.record(z.string(), z.string()),
  host: z.object({ name: z.string(), platform: z.string(), arch: z.string() }),
  git: z.object({ commit: z.string(), dirty: z.boolean() }).optional(),
  started: z.iso.datetime(),
  /** "running" in the file of a run that was killed; readers tell by its lock. */
  status: z.enum(["running", "ok", "failed", "interrupted"]),
  finished: z.iso.datetime().optional(),
  outputs: z.json().optional(),
  error: z
    .object({ code: z.string(), message: z.string(), hint: z.string().optional() })
    .optional(),
});

/** `run.json`. */
export type RunRecord = z.output<typeof runRecordSchema>;

export function hostFacts(): RunRecord["host"] {
  return { name: hostname(), platform: platform(), arch: arch() };
}

/** Commit and state of the working tree that holds the current folder; undefined outside of git. */
export async function gitState(): Promise<RunRecord["git"]> {
  const run = promisify(execFile);
  try {
    const [commit, status] = await Promise.all([
      run("git", ["rev-parse", "HEAD"], { timeout: 2_000 }),
      run("git", ["status", "--porcelain", "--untracked-files=no"], { timeout: 2_000 }),
    ]);
    return { commit: commit.stdout.trim(), dirty: status.stdout.trim() !== "" };
  } catch {
    // No git, no repository, no commit yet or a slow disk: the run does not depend on it.
    return undefined;
  }
}
