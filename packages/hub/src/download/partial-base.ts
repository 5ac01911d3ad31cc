import { join } from "node:path";
import { sha256 } from "@moonlight-rl/core";
import type { RepoFile } from "../client/repo-listing.ts";

/** Where the partial files of a download to `directory` are. */
export function partialsFolder(directory: string): string {
  return `${directory}.part`;
}

/** Path without suffix of a file's partial and its journal: a flat, safe name for a path of any depth and spelling. */
export function partialBase(directory: string, file: Pick<RepoFile, "path">): string {
  return join(partialsFolder(directory), sha256(file.path).slice(0, 32));
}
