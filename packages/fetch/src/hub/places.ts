import { join, resolve } from "node:path";
import {
  bestSeed,
  HfCache,
  LocalDir,
  seedAt,
  type Places,
  type RepoFile,
  type RepoRef,
  type Seed,
} from "@moonlight-rl/hub";
import type { Request } from "../request/request.ts";

export interface PlaceOptions {
  readonly scratch: string | undefined;
  readonly localDir?: string | undefined;
  /** Folder of an artifact with the same files. */
  readonly artifact?: string | undefined;
}

/** Where a repository's files come to lie while they are fetched, and where bytes of them may be already. */
export function placesOf(
  request: Pick<Request, "field" | "type" | "repo">,
  { scratch, localDir, artifact }: PlaceOptions,
): Places & { readonly local: LocalDir | undefined } {
  const local = localDir === undefined ? undefined : new LocalDir(resolve(localDir));
  const own = scratch === undefined ? undefined : join(scratch, request.field);
  return {
    local,
    directory: local?.folder ?? own,
    seed: seeds(request, local, artifact),
    ...(local && { contiguous: (file: RepoFile) => local.incompletePath(file) }),
  };
}

/** What Python's tools or we have fetched already, or begun, is not fetched again. */
function seeds(
  ref: RepoRef,
  local: LocalDir | undefined,
  artifact: string | undefined,
): (file: RepoFile) => Promise<Seed | undefined> {
  const cache = new HfCache();
  return async (file) =>
    await bestSeed(file.size, [
      async () => (artifact === undefined ? undefined : await seedAt(join(artifact, file.path))),
      async () => await local?.seed(file),
      async () => await cache.seed(ref, file),
    ]);
}
