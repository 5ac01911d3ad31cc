import { constants } from "node:fs";
import { copyFile, mkdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileOfEtag, LocalDir } from "@moonlight-rl/hub";
import type { FolderFile, SourceFolder } from "./source-folder.ts";

/** A `--local-dir` that is filled from a snapshot of the shared cache, without a network. */
export class LocalCopy {
  readonly #local: LocalDir;

  constructor(folder: string) {
    this.#local = new LocalDir(resolve(folder));
  }

  /** Copies a file that has just been verified, and notes what it is if the snapshot knows. */
  async put({ path, absolute, size = 0, expected }: FolderFile, commit?: string): Promise<void> {
    const target = join(this.#local.folder, path);
    await mkdir(dirname(target), { recursive: true });
    await copyFile(absolute, target, constants.COPYFILE_FICLONE);
    const etag = expected.sha256 ?? expected.oid;
    if (etag === undefined || commit === undefined) return;
    const file = fileOfEtag(path, etag, size);
    await this.#local.prepare([file]);
    await this.#local.writeNote(file, commit);
  }

  /** Leaves the snapshot's listing, if it has one. */
  async finish({ commit, listing }: SourceFolder): Promise<void> {
    if (commit !== undefined && listing !== undefined)
      await this.#local.writeListing(commit, listing);
  }
}
