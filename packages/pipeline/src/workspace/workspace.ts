import { join, resolve } from "node:path";

/** Where everything of one workspace lives: `.moonlight` of the current folder, or MOONLIGHT_WORKSPACE. */
export interface Workspace {
  /** Absolute path of the workspace folder itself. */
  readonly root: string;
  /** Published artifacts, `<kind>-<first 16 of the digest>`. */
  readonly store: string;
  /** Cache records, `<key>.json`. */
  readonly cache: string;
  /** Scratch folders of unfinished stages, `<key>/`. */
  readonly scratch: string;
  /** Locks of stage keys, `<key>.lock`. */
  readonly locks: string;
  /** Run folders, `<run id>/`. */
  readonly runs: string;
}

/** Explicit path, else MOONLIGHT_WORKSPACE, else `.moonlight` in the current folder. Creates nothing. */
export function openWorkspace(
  path?: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Workspace {
  const root = resolve(path ?? (env["MOONLIGHT_WORKSPACE"] || ".moonlight"));
  return {
    root,
    store: join(root, "store"),
    cache: join(root, "cache"),
    scratch: join(root, "scratch"),
    locks: join(root, "locks"),
    runs: join(root, "runs"),
  };
}
