import { contentBytes, type FilePlan } from "./file-plan.ts";
import { isIntact, type FinishedFile } from "./finished-files.ts";
import { writePlannedFile, type FileDigest, type Watch } from "./write-planned-file.ts";

/** A file to write. */
export interface Job {
  readonly plan: FilePlan;
  /** What an earlier run made of an equal plan. */
  readonly finished: FinishedFile | undefined;
}

/** Writes a file, unless an earlier run has and its bytes still are those. */
export async function runJob({ plan, finished }: Job, watch: Watch): Promise<FileDigest> {
  if (finished === undefined || !(await isIntact(plan.path, finished)))
    return writePlannedFile(plan, watch);
  watch.wrote(contentBytes(plan));
  await watch.pause();
  return { size: finished.size, sha256: finished.sha256 };
}
