import { createHash } from "node:crypto";
import { realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { apiSegment, type RepoRef } from "../protocol/repo.ts";
import { type ServedFile, ServedFiles } from "./served-file.ts";

/** One repository as it is on the disk now. */
export interface ServedRepo extends RepoRef {
  /** 40 hexadecimal digits made from all paths and contents: equal folders have equal commits. */
  readonly commit: string;
  /** By path, in order of paths. */
  readonly files: ReadonlyMap<string, ServedFile>;
}

/** Reads repositories from `root/models/<org>/<name>` and `root/datasets/<org>/<name>`. */
export class ServedRoot {
  readonly #root: string;
  readonly #files = new ServedFiles();
  readonly #latest = new Map<string, ServedRepo>();

  private constructor(root: string) {
    this.#root = root;
  }

  static async open(root: string): Promise<ServedRoot> {
    return new ServedRoot(await realpath(root));
  }

  /** The repository, or undefined when there is no such folder. `repo` is `org/name`, each a plain name. */
  async repo(ref: RepoRef): Promise<ServedRepo | undefined> {
    const parts = ref.repo.split("/");
    if (parts.length !== 2 || parts.some((part) => !/^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(part)))
      return undefined;
    const folder = join(this.#root, apiSegment(ref.type), ...parts);
    const info = await stat(folder).catch(() => undefined);
    if (info?.isDirectory() !== true) return undefined;
    const files = await this.#files.list(folder, this.#root);
    const { type, repo } = ref;
    const commit = commitOf(ref, files);
    const served = { type, repo, commit, files: new Map(files.map((file) => [file.path, file])) };
    this.#latest.set(`${type} ${repo}`, served);
    return served;
  }

  /**
   * The repository for reading one file at a revision. For the commit that was served last, a file that has not
   * changed since needs no look at the others: clients ask for thousands of files and ranges this way.
   */
  async repoFor(ref: RepoRef, revision: string, path: string): Promise<ServedRepo | undefined> {
    const latest = this.#latest.get(`${ref.type} ${ref.repo}`);
    const file = latest?.commit === revision ? latest.files.get(path) : undefined;
    if (file !== undefined && (await this.#files.isCurrent(file))) return latest;
    return await this.repo(ref);
  }
}

function commitOf(ref: RepoRef, files: readonly ServedFile[]): string {
  const hash = createHash("sha1").update(`${ref.type} ${ref.repo}\n`);
  for (const file of files) hash.update(`${file.oid} ${file.size} ${file.path}\n`);
  return hash.digest("hex");
}
