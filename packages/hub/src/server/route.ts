import type { RepoType } from "../protocol/repo.ts";

/** What an address asks for. `rest` is the part of the path after the revision, already decoded. */
export interface Route {
  readonly kind: "info" | "refs" | "tree" | "resolve";
  readonly type: RepoType;
  readonly repo: string;
  readonly revision: string;
  readonly rest: string;
}

/** Reads the path of an address; undefined when the Hub has no such address, or when a segment is not a plain name. */
export function parseRoute(pathname: string): Route | undefined {
  const segments = decodeSegments(pathname);
  if (segments === undefined) return undefined;
  return segments[0] === "api" ? apiRoute(segments.slice(1)) : resolveRoute(segments);
}

function apiRoute(segments: readonly string[]): Route | undefined {
  const [kind, org, name, verb, revision = "main", ...rest] = segments;
  const type = kind === "models" ? "model" : kind === "datasets" ? "dataset" : undefined;
  if (type === undefined || org === undefined || name === undefined) return undefined;
  const common = { type, repo: `${org}/${name}`, revision } as const;
  if (verb === undefined) return { ...common, kind: "info", rest: "" };
  if (verb === "revision" && segments.length === 5) return { ...common, kind: "info", rest: "" };
  if (verb === "refs" && segments.length === 4) return { ...common, kind: "refs", rest: "" };
  if (verb === "tree" && segments.length >= 5)
    return { ...common, kind: "tree", rest: rest.join("/") };
  return undefined;
}

function resolveRoute(segments: readonly string[]): Route | undefined {
  const type = segments[0] === "datasets" ? "dataset" : "model";
  const [org, name, verb, revision, ...rest] = type === "dataset" ? segments.slice(1) : segments;
  if (verb !== "resolve" || revision === undefined || rest.length === 0) return undefined;
  return { kind: "resolve", type, repo: `${org}/${name}`, revision, rest: rest.join("/") };
}

function decodeSegments(pathname: string): string[] | undefined {
  const segments: string[] = [];
  for (const raw of pathname.slice(1).split("/")) {
    let segment: string;
    try {
      segment = decodeURIComponent(raw);
    } catch {
      return undefined;
    }
    if (["", ".", ".."].includes(segment) || segment.includes("\0") || segment.includes("\\"))
      return undefined;
    segments.push(segment);
  }
  return segments;
}
