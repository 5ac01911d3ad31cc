import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { hashFile, removePath, writeJsonAtomic, type Sha256 } from "@moonlight-rl/core";
import { z } from "zod";
import { planDigest, type StoredFilePlan } from "./file-plan.ts";
import type { FileDigest } from "./write-planned-file.ts";

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const recordSchema = z.record(
  z.string(),
  z.object({ plan: digest, size: z.int().nonnegative(), sha256: digest }),
);

/** A file that was finished, and the plan that it was made from. */
export interface FinishedFile extends FileDigest {
  readonly plan: Sha256;
}

/** Remembers which files of a folder are finished, so that a run after a crash writes only the others. */
export class FinishedFiles {
  readonly #path: string;
  readonly #files: Map<string, FinishedFile>;
  #saving: Promise<void> = Promise.resolve();

  private constructor(path: string, files: Map<string, FinishedFile>) {
    this.#path = path;
    this.#files = files;
  }

  /** A record that cannot be read is none: its files are written again. */
  static async load(path: string): Promise<FinishedFiles> {
    const text = await readFile(path, "utf8").catch(() => "{}");
    const record = recordSchema.safeParse(parse(text));
    return new FinishedFiles(path, new Map(Object.entries(record.success ? record.data : {})));
  }

  /** Names of the files that were finished. */
  names(): string[] {
    return [...this.#files.keys()];
  }

  find(plan: StoredFilePlan): FinishedFile | undefined {
    const file = this.#files.get(basename(plan.path));
    return file?.plan === planDigest(plan) ? file : undefined;
  }

  async add(plan: StoredFilePlan, { size, sha256 }: FileDigest): Promise<void> {
    this.#files.set(basename(plan.path), { plan: planDigest(plan), size, sha256 });
    this.#saving = this.#saving.then(() =>
      writeJsonAtomic(this.#path, Object.fromEntries(this.#files)),
    );
    await this.#saving;
  }

  async remove(): Promise<void> {
    await this.#saving;
    await removePath(this.#path);
  }
}

/** Whether the file at `path` still is what was finished: every byte is hashed. */
export async function isIntact(path: string, finished: FileDigest): Promise<boolean> {
  const found = await hashFile(path).catch(() => undefined);
  return found?.size === finished.size && found.sha256 === finished.sha256;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
