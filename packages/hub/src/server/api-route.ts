import type { ServerResponse } from "node:http";
import { sendError, sendJson } from "./reply.ts";
import type { ServedFile } from "./served-file.ts";
import type { ServedRepo } from "./served-repo.ts";

/** The disk's times say nothing about content, so every repository has the same date and equal folders give equal replies. */
const DATE = "2026-01-01T00:00:00.000Z";
const PAGE = 1000;

/** `GET /api/{models|datasets}/{repo}[/revision/{revision}][?blobs=true]`. */
export function sendRepoInfo(response: ServerResponse, repo: ServedRepo, blobs: boolean): void {
  sendJson(response, {
    _id: repo.commit.slice(0, 24),
    id: repo.repo,
    ...(repo.type === "model" ? { modelId: repo.repo } : {}),
    author: repo.repo.split("/")[0],
    sha: repo.commit,
    lastModified: DATE,
    createdAt: DATE,
    private: false,
    gated: false,
    disabled: false,
    tags: [],
    downloads: 0,
    likes: 0,
    siblings: [...repo.files.values()].map((file) => ({
      rfilename: file.path,
      ...(blobs
        ? {
            size: file.size,
            blobId: file.oid,
            ...(file.lfs === undefined
              ? {}
              : {
                  lfs: { sha256: file.lfs.oid, size: file.size, pointerSize: file.lfs.pointerSize },
                }),
          }
        : {}),
    })),
  });
}

/** `GET /api/{models|datasets}/{repo}/refs`. */
export function sendRefs(response: ServerResponse, repo: ServedRepo): void {
  const main = { name: "main", ref: "refs/heads/main", targetCommit: repo.commit };
  sendJson(response, { branches: [main], tags: [], converts: [] });
}

/** `GET /api/{models|datasets}/{repo}/tree/{revision}[/{folder}]?recursive&expand&limit&cursor`, paginated by `Link`. */
export function sendTree(
  response: ServerResponse,
  repo: ServedRepo,
  folder: string,
  address: URL,
): void {
  const query = address.searchParams;
  const recursive = isTrue(query.get("recursive"));
  const entries = treeOf(repo, folder, recursive, isTrue(query.get("expand")));
  if (entries.length === 0 && folder !== "") {
    sendError(response, 404, `${folder} does not exist on "${repo.commit}"`, "EntryNotFound");
    return;
  }
  const limit = Math.min(Math.max(Number(query.get("limit") ?? PAGE) || PAGE, 1), PAGE);
  const start = startOf(query.get("cursor"), entries);
  const page = entries.slice(start, start + limit);
  const last = page.at(-1);
  const headers: Record<string, string> = {};
  if (last !== undefined && start + limit < entries.length) {
    const next = new URL(address);
    next.searchParams.set("cursor", Buffer.from(last.path).toString("base64url"));
    headers["link"] = `<${next.href}>; rel="next"`;
  }
  sendJson(response, page, headers);
}

interface TreeEntry {
  readonly type: "file" | "directory";
  readonly path: string;
  readonly oid: string;
  readonly size: number;
}

function treeOf(
  repo: ServedRepo,
  folder: string,
  recursive: boolean,
  expand: boolean,
): TreeEntry[] {
  const prefix = folder === "" ? "" : `${folder}/`;
  const lastCommit = expand ? { lastCommit: { id: repo.commit, title: "Served", date: DATE } } : {};
  const entries = new Map<string, TreeEntry>();
  for (const file of repo.files.values()) {
    if (!file.path.startsWith(prefix)) continue;
    const rest = file.path.slice(prefix.length).split("/");
    for (let depth = 1; depth < (recursive ? rest.length : Math.min(rest.length, 2)); depth++) {
      const path = prefix + rest.slice(0, depth).join("/");
      entries.set(path, { type: "directory", oid: repo.commit, size: 0, path, ...lastCommit });
    }
    if (recursive || rest.length === 1)
      entries.set(file.path, { ...fileEntry(file), ...lastCommit });
  }
  return [...entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function fileEntry(file: ServedFile): TreeEntry {
  return {
    type: "file",
    oid: file.oid,
    size: file.size,
    ...(file.lfs === undefined ? {} : { lfs: file.lfs }),
    path: file.path,
  };
}

/** A cursor is the last path that was sent, so that files which come or go between pages move nothing else. */
function startOf(cursor: string | null, entries: readonly TreeEntry[]): number {
  if (cursor === null) return 0;
  const after = Buffer.from(cursor, "base64url").toString("utf8");
  const index = entries.findIndex((entry) => entry.path > after);
  return index === -1 ? entries.length : index;
}

function isTrue(value: string | null): boolean {
  return value !== null && ["true", "1"].includes(value.toLowerCase());
}
