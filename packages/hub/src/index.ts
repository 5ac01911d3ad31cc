export { HubClient, type HubClientOptions } from "./client/hub-client.ts";
export type { Timeouts } from "./client/connection.ts";
export type { RetryPolicy } from "./client/retry.ts";
export type { RepoFile } from "./client/repo-listing.ts";
export type {
  DownloadedRepo,
  DownloadOptions,
  DownloadProgress,
} from "./download/repo-download.ts";
export { selectFiles, type Selected, type Selection } from "./download/selection.ts";
export { isCommit, type RepoRef, type RepoType } from "./protocol/repo.ts";
export { startHubServer, type HubServer, type HubServerOptions } from "./server/hub-server.ts";
