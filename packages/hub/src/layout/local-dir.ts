import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { writeFileAtomic } from "@moonlight-rl/core";
import type { RepoFile } from "../client/repo-listing.ts";
import { unsafePath } from "../protocol/file-path.ts";
import { isCommit } from "../protocol/repo.ts";
import { ETAG, etagOf, shortName } from "./etag.ts";
import { incompleteSeed, type Seed } from "./seed.ts";
import { readTree, writeTree } from "./tree-file.ts";

/** What is noted beside a downloaded file. */
export interface DownloadNote {
  /** Path within the repository. */
  readonly path: string;
  readonly commit: string;
  readonly etag: string;
  /** When the file was known to have this content, in seconds since 1970. */
  readonly timestamp: number;
}

const OWN = join(".cache", "huggingface");
const NOTE = ".metadata";

/** A folder as `hf download --local-dir` makes it: plain files, and notes about them in `.cache/huggingface`. */
export class LocalDir {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Whether some download has left its notes in this folder. */
  async exists(): Promise<boolean> {
    return (await stat(join(this.folder, OWN)).catch(() => undefined))?.isDirectory() === true;
  }

  /** Makes the folders for the notes of these files, kept out of git and of backups. */
  async prepare(files: readonly RepoFile[]): Promise<void> {
    const own = join(this.folder, OWN);
    const folders = new Set(files.map((file) => dirname(this.#notePath(file.path))));
    for (const folder of folders) await mkdir(folder, { recursive: true });
    await createOnce(join(own, ".gitignore"), "*");
    // The signature is what https://bford.info/cachedir asks for.
    const tag =
      "Signature: 8a477f597d28d172789f06886806bc55\n# Notes about downloads; safe to lose.\n";
    await createOnce(join(own, "CACHEDIR.TAG"), tag);
  }

  /**
   * Where Python's client (before 2.0) puts the first bytes of a file: it goes on at the length of what lies here, so that must
   * always be a prefix of the content. The folder is there after `prepare`.
   */
  incompletePath(file: RepoFile): string {
    return `${this.#incompleteStem(file)}.incomplete`;
  }

  /** The first bytes of a file that an interrupted download has left. */
  async seed(file: RepoFile): Promise<Seed | undefined> {
    return await incompleteSeed(this.#incompleteStem(file), file.size);
  }

  /** The note of a file, if there is one that is not older than the file. */
  async note(path: string): Promise<DownloadNote | undefined> {
    if (unsafePath(path) !== undefined) return undefined;
    const text = await readFile(this.#notePath(path), "utf8").catch(() => "");
    const [commit = "", etag = "", time = ""] = text.split("\n").map((line) => line.trim());
    const timestamp = Number(time);
    if (!isCommit(commit) || !ETAG.test(etag) || time === "" || !(timestamp > 0)) return undefined;
    return { path, commit, etag, timestamp };
  }

  /** All notes, whatever has become of their files; sorted by path. */
  async notes(): Promise<DownloadNote[]> {
    const root = join(this.folder, OWN, "download");
    const names = await readdir(root, { recursive: true }).catch(() => []);
    const notes = await Promise.all(
      names
        .filter((name) => name.endsWith(NOTE))
        .map((name) => this.note(name.slice(0, -NOTE.length).replaceAll("\\", "/"))),
    );
    return notes.filter((note) => note !== undefined).sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** Whether these files lie here as they were when they were noted, none of them touched since. Nothing is read but the notes. */
  async has(files: readonly RepoFile[]): Promise<boolean> {
    for (const file of files) {
      const note = await this.note(file.path);
      const info = await stat(join(this.folder, file.path)).catch(() => undefined);
      const same =
        note?.etag === etagOf(file) && info?.isFile() === true && info.size === file.size;
      // Times of files are coarser than those of notes, by a second at the most.
      if (!same || info.mtimeMs / 1000 > note.timestamp + 1) return false;
    }
    return true;
  }

  /** Notes that a file has the content that is listed; the caller has just verified it. */
  async writeNote(file: RepoFile, commit: string): Promise<void> {
    const path = this.#notePath(file.path);
    await mkdir(dirname(path), { recursive: true });
    const seconds = (Date.now() / 1000).toFixed(6);
    await writeFileAtomic(path, `${commit}\n${etagOf(file)}\n${seconds}\n`);
  }

  /** The listing of a commit that an earlier download has left. */
  async listing(commit: string): Promise<RepoFile[] | undefined> {
    return await readTree(join(this.folder, OWN), commit);
  }

  async writeListing(commit: string, listing: readonly RepoFile[]): Promise<void> {
    await writeTree(join(this.folder, OWN), commit, listing);
  }

  #notePath(path: string): string {
    return join(this.folder, OWN, "download", `${path}${NOTE}`);
  }

  #incompleteStem(file: RepoFile): string {
    const note = this.#notePath(file.path);
    const name = note.slice(dirname(note).length + 1);
    return join(dirname(note), `${shortName(name)}.${etagOf(file)}`);
  }
}

async function createOnce(path: string, content: string): Promise<void> {
  await writeFile(path, content, { flag: "wx" }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
}
