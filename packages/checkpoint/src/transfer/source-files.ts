import { open, stat, type FileHandle } from "node:fs/promises";
import type { BigIntStats } from "node:fs";
import { VerificationError } from "@moonlight-rl/core";

/** What tells a file from a changed one: size, modification time and inode. */
export type FileIdentity = string;

/** Identity of a file, or undefined when it is not there. */
export async function identify(path: string): Promise<FileIdentity | undefined> {
  const stats = await stat(path, { bigint: true }).catch(() => undefined);
  return stats && identityOf(stats);
}

function identityOf({ size, mtimeNs, ino }: BigIntStats): FileIdentity {
  return `${size}:${mtimeNs}:${ino}`;
}

interface OpenFile {
  readonly handle: FileHandle;
  readonly identity: FileIdentity;
}

/** Opens each file once, and notices when one of them is not what it was. */
export class SourceFiles {
  readonly #files = new Map<string, Promise<OpenFile>>();

  /** `identity`: what the file was when its content was described. Errors: those of the system, and `SOURCE_CHANGED`. */
  async open(path: string, identity?: FileIdentity): Promise<FileHandle> {
    let file = this.#files.get(path);
    if (file === undefined) {
      file = openFile(path);
      this.#files.set(path, file);
    }
    const opened = await file;
    if (identity !== undefined && opened.identity !== identity) throw changed(path);
    return opened.handle;
  }

  /** Errors: `SOURCE_CHANGED` when a file was written to, or replaced, since it was opened. */
  async checkUnchanged(): Promise<void> {
    for (const [path, file] of this.#files) {
      const { identity } = await file;
      if ((await identify(path)) !== identity) throw changed(path);
    }
  }

  async close(): Promise<void> {
    const files = [...this.#files.values()];
    this.#files.clear();
    for (const file of files)
      await file.then(({ handle }) => handle.close()).catch(() => undefined);
  }
}

async function openFile(path: string): Promise<OpenFile> {
  const handle = await open(path, "r");
  return { handle, identity: identityOf(await handle.stat({ bigint: true })) };
}

function changed(file: string): VerificationError {
  return new VerificationError("SOURCE_CHANGED", `${file} has changed while it was being read.`, {
    file,
    hint: "Something else writes to it: wait until that is done, then run this again.",
  });
}
