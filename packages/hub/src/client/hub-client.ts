import { PreflightError, UsageError } from "@moonlight-rl/core";
import { z } from "zod";
import { BlockPool } from "../download/block-pool.ts";
import type { Transfer } from "../download/file-download.ts";
import { DiskThreads } from "../download/disk-threads.ts";
import { Lanes } from "../download/lanes.ts";
import {
  downloadListing,
  type DownloadedRepo,
  type DownloadOptions,
} from "../download/repo-download.ts";
import { apiSegment, checkRepo, isCommit, type RepoRef } from "../protocol/repo.ts";
import { DEFAULT_TIMEOUTS, type Timeouts } from "./connection.ts";
import { HubHttp } from "./hub-http.ts";
import { listRepoFiles, type RepoFile } from "./repo-listing.ts";
import { DEFAULT_RETRY, type RetryPolicy } from "./retry.ts";

export interface HubClientOptions {
  /** Default `https://huggingface.co`. */
  readonly endpoint?: string;
  /** Sent to the endpoint's own origin only. */
  readonly token?: string | undefined;
  /** Every request is refused with `HUB_OFFLINE`. */
  readonly offline?: boolean;
  /** The most requests in flight at once, over all files; default 16. Fewer while more would bring nothing. */
  readonly connections?: number;
  /** Bytes that one request asks for; default 16 MiB. What a kill can lose is at most this, times `connections`. */
  readonly rangeBytes?: number;
  readonly timeouts?: Partial<Timeouts>;
  readonly retry?: Partial<RetryPolicy>;
  /** Where HTTP_PROXY, HTTPS_PROXY and NO_PROXY are read; default `process.env`. */
  readonly environment?: NodeJS.ProcessEnv;
}

/** Blocks (1 MiB) beyond the three of a request (one fills, one waits, one is written): bytes that wait to be hashed. */
const SPARE_BLOCKS = 16;
/** How far ahead of a file's first gap its ranges begin. */
const WINDOW_BYTES = 256 << 20;

const infoSchema = z.object({ sha: z.string().regex(/^[0-9a-f]{40}$/) });

/** A Hugging Face Hub, read only. Every byte that it hands out has been verified against the Hub's own digests. */
export class HubClient {
  readonly endpoint: string;
  readonly #transfer: Transfer;
  readonly #offline: boolean;

  constructor(options: HubClientOptions = {}) {
    this.endpoint = options.endpoint ?? "https://huggingface.co";
    this.#offline = options.offline ?? false;
    const connections = options.connections ?? 16;
    const blocks = new BlockPool(3 * connections + SPARE_BLOCKS);
    this.#transfer = {
      http: new HubHttp({
        endpoint: endpointUrl(this.endpoint),
        token: options.token,
        timeouts: { ...DEFAULT_TIMEOUTS, ...options.timeouts },
        retry: { ...DEFAULT_RETRY, ...options.retry },
        userAgent: "moonlight-rl-hub/0.1",
        environment: options.environment ?? process.env,
      }),
      lanes: new Lanes(connections),
      blocks,
      threads: new DiskThreads(blocks.memory),
      rangeBytes: options.rangeBytes ?? 16 << 20,
      windowBytes: WINDOW_BYTES,
    };
  }

  /** The commit that a branch, tag or commit id stands for. Errors: `HUB_NOT_FOUND`, `HUB_GATED`, `HUB_UNREACHABLE`… */
  async resolveRevision(
    options: RepoRef & { readonly revision?: string; readonly signal?: AbortSignal },
  ): Promise<{ commit: string }> {
    checkRepo(options);
    const revision = options.revision ?? "main";
    // A commit can mean nothing else, so no network is needed to know it.
    if (isCommit(revision)) return { commit: revision };
    const what = `${options.type} ${options.repo} at ${revision}`;
    this.#online(what);
    const { value } = await this.#transfer.http.getJson(
      this.#transfer.http.address(
        `/api/${apiSegment(options.type)}/${options.repo}/revision/${encodeURIComponent(revision)}`,
      ),
      infoSchema,
      { purpose: what, signal: options.signal },
    );
    return { commit: value.sha };
  }

  /** All files at a commit. Errors: as `resolveRevision`, and `HUB_UNSAFE_PATH`. */
  async *listFiles(
    options: RepoRef & { readonly commit: string; readonly signal?: AbortSignal },
  ): AsyncGenerator<RepoFile> {
    checkRepo(options);
    this.#online(`${options.type} ${options.repo}`);
    yield* listRepoFiles(this.#transfer.http, options, options.commit, options.signal);
  }

  /**
   * Downloads what the pipeline needs of a repository (or `selection`) into a folder, several files and ranges at once.
   * Run again after any failure, it goes on where it stopped.
   *
   * Errors: as `listFiles`, and `HUB_DIGEST_MISMATCH`, `HUB_SIZE_MISMATCH`, `HUB_TRANSFER_FAILED`, `DISK_FULL`…
   */
  async downloadRepo(options: DownloadOptions): Promise<DownloadedRepo> {
    checkRepo(options);
    this.#online(`${options.type} ${options.repo}`);
    const listing = options.listing ?? (await this.#listing(options));
    return await downloadListing(this.#transfer, listing, options);
  }

  /** `downloadRepo` of a single file. */
  async downloadFile(
    options: Omit<DownloadOptions, "selection" | "listing"> & { readonly path: string },
  ): Promise<{ sha256: string; size: number }> {
    const listing = (await this.#listing(options)).filter((file) => file.path === options.path);
    const file =
      listing.length === 0
        ? undefined
        : (
            await downloadListing(this.#transfer, listing, {
              ...options,
              selection: { allow: ["*"] },
            })
          ).files[options.path];
    if (file !== undefined) return file;
    throw new UsageError(
      "HUB_NOT_FOUND",
      `${options.type} ${options.repo} has no ${options.path}`,
      {
        field: "path",
        hint: "listFiles() names the files of a commit.",
      },
    );
  }

  /** Ends all connections and threads. */
  async close(): Promise<void> {
    await Promise.all([this.#transfer.http.close(), this.#transfer.threads.close()]);
  }

  async #listing(options: DownloadOptions): Promise<RepoFile[]> {
    const listing: RepoFile[] = [];
    for await (const file of this.listFiles(options)) listing.push(file);
    return listing;
  }

  #online(what: string): void {
    if (!this.#offline) return;
    throw new PreflightError(
      "HUB_OFFLINE",
      `${what} is not here and HF_HUB_OFFLINE forbids asking`,
      {
        hint: "Unset HF_HUB_OFFLINE, or name the commit of a repository that an earlier run has fetched.",
      },
    );
  }
}

function endpointUrl(endpoint: string): URL {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url !== undefined && ["http:", "https:"].includes(url.protocol) && url.username === "")
    return url;
  throw new UsageError("HUB_BAD_ENDPOINT", `${JSON.stringify(endpoint)} is not a Hub's address`, {
    field: "endpoint",
    hint: "It looks like https://huggingface.co or http://127.0.0.1:8080.",
  });
}
