/** What the generator needs of Nx's `Tree`: files that are written all at once at the end, or only listed with `--dry-run`. */
export interface FileTree {
  /** Absolute path of the workspace. */
  readonly root: string;
  exists(path: string): boolean;
  read(path: string, encoding: "utf-8"): string | null;
  write(path: string, content: string, options?: { readonly mode: number }): void;
  /** Names of files and folders in a folder. */
  children(folder: string): string[];
  listChanges(): readonly { readonly path: string; readonly type: string }[];
}
