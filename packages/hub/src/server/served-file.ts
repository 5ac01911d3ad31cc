import { createReadStream, type Stats } from "node:fs";
import { lstat, readdir, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { newSha256 } from "@moonlight-rl/core";
import { lfsPointer, newBlobSha1 } from "../protocol/blob-digest.ts";

/** A file as the Hub describes it. */
export interface ServedFile {
  /** Path within the repository, with slashes. */
  readonly path: string;
  readonly absolute: string;
  readonly size: number;
  /** Git's blob id: of the file itself, or of its pointer when it is a large file. */
  readonly oid: string;
  readonly lfs?: { readonly oid: string; readonly size: number; readonly pointerSize: number };
}

/** What the Hub keeps in LFS whatever its size (its usual .gitattributes), beside everything of 10 MB and more. */
const LFS_NAMES = /\.(?:safetensors|bin|parquet|model|gguf|pt|pth|onnx|npy|npz|gz|zip|arrow)$/;
const LFS_BYTES = 10_000_000;
const NOT_SERVED = new Set([".git", ".cache", ".DS_Store"]);

/** Hashes each file once and again only after it has changed. */
export class ServedFiles {
  readonly #known = new Map<string, { stamp: string; file: ServedFile }>();

  /** All files of a repository folder, sorted by path. Links that lead out of `root` are not served. */
  async list(folder: string, root: string): Promise<ServedFile[]> {
    const files: ServedFile[] = [];
    const walk = async (path: string): Promise<void> => {
      for (const entry of await readdir(join(folder, path), { withFileTypes: true })) {
        if (NOT_SERVED.has(entry.name)) continue;
        const relative = path === "" ? entry.name : `${path}/${entry.name}`;
        const absolute = join(folder, relative);
        if (entry.isSymbolicLink() && !(await leadsBelow(absolute, root))) continue;
        const info = await stat(absolute);
        if (info.isDirectory() && !entry.isSymbolicLink()) await walk(relative);
        else if (info.isFile()) files.push(await this.#describe(relative, absolute, info));
      }
    };
    await walk("");
    return files.sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** Whether the file on the disk is still the one that was described. */
  async isCurrent(file: ServedFile): Promise<boolean> {
    const info = await stat(file.absolute).catch(() => undefined);
    return info !== undefined && this.#known.get(file.absolute)?.stamp === stampOf(info);
  }

  async #describe(path: string, absolute: string, info: Stats): Promise<ServedFile> {
    const stamp = stampOf(info);
    const known = this.#known.get(absolute);
    if (known?.stamp === stamp) return known.file;
    const file = await describe(path, absolute, info.size);
    this.#known.set(absolute, { stamp, file });
    return file;
  }
}

function stampOf(info: Stats): string {
  return `${info.ino}:${info.size}:${info.mtimeMs}`;
}

async function describe(path: string, absolute: string, size: number): Promise<ServedFile> {
  const large = size >= LFS_BYTES || LFS_NAMES.test(path);
  const hash = large ? newSha256() : newBlobSha1(size);
  for await (const block of createReadStream(absolute, { highWaterMark: 1 << 20 })) {
    hash.update(block as Buffer);
  }
  const digest = hash.digest("hex");
  if (!large) return { path, absolute, size, oid: digest };
  const pointer = Buffer.from(lfsPointer(digest, size));
  return {
    path,
    absolute,
    size,
    oid: newBlobSha1(pointer.length).update(pointer).digest("hex"),
    lfs: { oid: digest, size, pointerSize: pointer.length },
  };
}

async function leadsBelow(link: string, root: string): Promise<boolean> {
  try {
    const target = await realpath(link);
    return target.startsWith(root + sep) && (await lstat(target)).isFile();
  } catch {
    return false;
  }
}
