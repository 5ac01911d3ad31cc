import { UsageError } from "@moonlight-rl/core";

/** The two kinds of repositories that a pipeline reads. */
export type RepoType = "model" | "dataset";

/** A repository on a Hub: `{ type: "model", repo: "moonshotai/Moonlight-16B-A3B" }`. */
export interface RepoRef {
  readonly type: RepoType;
  /** `org/name`, or a bare `name` for the Hub's few canonical repositories. */
  readonly repo: string;
}

const SEGMENT = "[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_-])?";
const REPO_ID = new RegExp(`^(?:${SEGMENT}/)?${SEGMENT}$`);
const COMMIT = /^[0-9a-f]{40}$/;

/** Whether a revision is a full commit id, which can never come to mean anything else. */
export function isCommit(revision: string): boolean {
  return COMMIT.test(revision);
}

/** Throws `HUB_BAD_REPO` unless `repo` has the form that the Hub gives to repositories. */
export function checkRepo(ref: RepoRef): void {
  if (REPO_ID.test(ref.repo) && !ref.repo.includes("..") && !ref.repo.includes("--")) return;
  throw new UsageError(
    "HUB_BAD_REPO",
    `${JSON.stringify(ref.repo)} is not a ${ref.type} repository`,
    {
      field: "repo",
      hint: "Write it as org/name, for example moonshotai/Moonlight-16B-A3B.",
    },
  );
}

/** First path segments of a repository's web address: "" for models, "datasets/" for datasets. */
export function resolvePrefix(type: RepoType): string {
  return type === "model" ? "" : "datasets/";
}

/** The repository's segment in API addresses. */
export function apiSegment(type: RepoType): "models" | "datasets" {
  return type === "model" ? "models" : "datasets";
}
