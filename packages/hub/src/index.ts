export { HubClient, type HubClientOptions } from "./client/hub-client.ts";
export type { Timeouts } from "./client/connection.ts";
export type { RetryPolicy } from "./client/retry.ts";
export type { RepoFile } from "./client/repo-listing.ts";
export { bytesHere, type Places } from "./download/bytes-here.ts";
export type {
  DownloadedRepo,
  DownloadOptions,
  DownloadProgress,
} from "./download/repo-download.ts";
export { selectFiles, type Selected, type Selection } from "./download/selection.ts";
export { etagOf, fileOfEtag } from "./layout/etag.ts";
export { digestFile, type FileDigests } from "./layout/file-digest.ts";
export { HfCache, openSnapshot, type Snapshot, type SnapshotFile } from "./layout/hf-cache.ts";
export { hfCacheFolder, hfHome } from "./layout/hf-home.ts";
export { LocalDir, type DownloadNote } from "./layout/local-dir.ts";
export { bestSeed, seedAt, type Seed } from "./layout/seed.ts";
export { isCommit, type RepoRef, type RepoType } from "./protocol/repo.ts";
export { startHubServer, type HubServer, type HubServerOptions } from "./server/hub-server.ts";
