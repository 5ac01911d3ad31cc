import { VerificationError } from "@moonlight-rl/core";
import { z } from "zod";
import { unsafePath } from "../protocol/file-path.ts";
import { apiSegment, type RepoRef } from "../protocol/repo.ts";
import { badResponse } from "./hub-error.ts";
import type { HubHttp } from "./hub-http.ts";

/** A file of a repository as its Hub lists it. */
export interface RepoFile {
  readonly path: string;
  readonly size: number;
  /** Git's blob id of what git stores: the file, or the pointer of a large file. */
  readonly oid: string;
  /** Present for large files; `oid` is the sha256 of the content. */
  readonly lfs?: { readonly oid: string; readonly size: number };
}

const size = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const entrySchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("file"),
    path: z.string(),
    size,
    oid: z.string().regex(/^[0-9a-f]{40}$/),
    lfs: z.object({ oid: z.string().regex(/^[0-9a-f]{64}$/), size }).optional(),
  }),
  z.object({ type: z.literal("directory"), path: z.string() }),
]);
const pageSchema = z.array(entrySchema);

/** All files of a repository at a commit, page by page. A name that is unsafe as a path ends the listing with `HUB_UNSAFE_PATH`. */
export async function* listRepoFiles(
  http: HubHttp,
  ref: RepoRef,
  commit: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<RepoFile> {
  const purpose = `files of ${ref.type} ${ref.repo}`;
  const revision = encodeURIComponent(commit);
  let url: URL | undefined = http.address(
    `/api/${apiSegment(ref.type)}/${ref.repo}/tree/${revision}?recursive=true&expand=false`,
  );
  const seen = new Set<string>();
  const pages = new Set<string>();
  while (url !== undefined) {
    if (pages.has(url.href)) throw badResponse(`${purpose}: the pages go round in a circle`);
    pages.add(url.href);
    const page = await http.getJson(url, pageSchema, { purpose, signal });
    for (const entry of page.value) {
      if (entry.type === "directory") continue;
      const reason = unsafePath(entry.path);
      if (reason !== undefined) throw unsafe(ref, entry.path, reason);
      if (seen.has(entry.path)) throw badResponse(`${purpose}: ${entry.path} is listed twice`);
      seen.add(entry.path);
      yield fileOf(entry);
    }
    url = nextPage(page.headers["link"], page.url, http.endpoint);
  }
}

function fileOf(entry: Extract<z.output<typeof entrySchema>, { type: "file" }>): RepoFile {
  const { path, size, oid, lfs } = entry;
  return lfs === undefined ? { path, size, oid } : { path, size: lfs.size, oid, lfs };
}

/** The `rel="next"` of a Link header. The Hub names itself there; a mirror's own host is kept, and so is the token. */
function nextPage(link: string | undefined, from: URL, endpoint: URL): URL | undefined {
  const target = /<([^>]+)>\s*;[^,]*\brel="?next"?/.exec(link ?? "")?.[1];
  if (target === undefined) return undefined;
  if (!URL.canParse(target, from.href))
    throw badResponse(`Unreadable Link header from ${from.host}`);
  const next = new URL(target, from);
  if (next.origin === endpoint.origin) return next;
  const own = new URL(from);
  own.search = next.search;
  return own;
}

function unsafe(ref: RepoRef, path: string, reason: string): VerificationError {
  return new VerificationError(
    "HUB_UNSAFE_PATH",
    `${ref.type} ${ref.repo} lists the file ${JSON.stringify(path.slice(0, 200))}: ${reason}`,
    {
      field: "path",
      hint: "Such a name could write outside the download folder; do not trust this repository or endpoint.",
    },
  );
}
