import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isMoonlightError } from "@moonlight-rl/core";
import type { HubClient, HubClientOptions } from "../client/hub-client.ts";
import type { DownloadedRepo, DownloadOptions } from "../download/repo-download.ts";
import { startFaultServer, type FaultServer } from "./fault-server.ts";
import { quickClient } from "./quick-client.ts";
import { makeRepo } from "./repo-fixture.ts";

type Options = Partial<HubClientOptions> & Partial<DownloadOptions>;

/** A model repository behind a server with faults, and a folder to download it to. */
export interface DownloadFixture {
  readonly server: FaultServer;
  readonly root: string;
  readonly files: Readonly<Record<string, Uint8Array | string>>;
  /** Where files go; `fresh` makes another. */
  readonly folder: string;
  fresh(): Promise<string>;
  client(options?: Partial<HubClientOptions>): HubClient;
  download(options?: Options): Promise<DownloadedRepo>;
  /** Whether every file is there with its content, and nothing partial is. */
  complete(folder?: string): Promise<boolean>;
  /** Files that have their final name, but another content. */
  wrong(folder: string): Promise<string[]>;
  /** A download that is to fail, into a folder of its own; then the fault is taken away and it is run again. */
  refusal(options?: Options, healing?: Healing): Promise<Refusal>;
  close(): Promise<void>;
}

/** How a fault is taken away. */
export interface Healing {
  /** Beside the server's fault, which always is. */
  readonly mend?: () => unknown;
  /** What the second call is told otherwise than the first. */
  readonly options?: Options;
}

/** How a download failed, and what became of it. */
export interface Refusal {
  readonly code: string;
  readonly exitCode: number;
  readonly message: string;
  readonly hint: string;
  /** It did not take long; no test waits between tries. */
  readonly inTime: boolean;
  /** Files that have their final name, but another content. */
  readonly wrong: readonly string[];
  /** The same call without the fault brings every file. */
  readonly completes: boolean;
  /** What else was promised of this fault and is not so. */
  readonly broken: readonly string[];
}

/** What every failed download has in common. */
export const REFUSED = {
  wrong: [] as string[],
  inTime: true,
  completes: true,
  broken: [] as string[],
} as const;
export const IN_TIME_MS = 10_000;

export const REPO = { type: "model", repo: "org/tiny" } as const;

export async function downloadFixture(
  files: Readonly<Record<string, Uint8Array | string>>,
): Promise<DownloadFixture> {
  const root = await mkdtemp(join(tmpdir(), "hub-download-"));
  await makeRepo(root, "model", REPO.repo, files);
  const server = await startFaultServer({ root });
  const fresh = async (): Promise<string> => join(await mkdtemp(join(root, "out-")), "files");
  const folder = await fresh();
  const clients: HubClient[] = [];
  const client = (options: Partial<HubClientOptions> = {}): HubClient => {
    const made = quickClient(server.url, options);
    clients.push(made);
    return made;
  };
  const download = async (options: Options = {}): Promise<DownloadedRepo> => {
    const made = client(options);
    const commit = options.commit ?? (await made.resolveRevision(REPO)).commit;
    const selection = { allow: ["*"] };
    return await made.downloadRepo({ ...REPO, directory: folder, selection, ...options, commit });
  };
  /** Files that are there, and whether they are right. */
  const look = async (where: string): Promise<[string, boolean][]> => {
    const found: [string, boolean][] = [];
    for (const [path, content] of Object.entries(files)) {
      const bytes = await readFile(join(where, path)).catch(() => undefined);
      if (bytes !== undefined) found.push([path, bytes.equals(Buffer.from(content))]);
    }
    return found;
  };
  const complete = async (where = folder): Promise<boolean> => {
    const right = (await look(where)).filter(([, same]) => same);
    return right.length === Object.keys(files).length && !existsSync(`${where}.part`);
  };
  const wrong = async (where: string): Promise<string[]> =>
    (await look(where)).flatMap(([path, same]) => (same ? [] : [path]));
  return {
    server,
    root,
    files,
    folder,
    fresh,
    client,
    download,
    complete,
    wrong,
    async refusal(options = {}, healing = {}) {
      const directory = options.directory ?? (await fresh());
      const start = performance.now();
      const error = await download({ ...options, directory }).then(
        () => new Error("nothing was refused"),
        (reason: unknown) => reason,
      );
      const inTime = performance.now() - start < IN_TIME_MS;
      if (!isMoonlightError(error)) throw error;
      const accepted = await wrong(directory);
      server.setFault(undefined);
      await healing.mend?.();
      await download({ ...options, directory, retry: {}, timeouts: {}, ...healing.options });
      const { code, exitCode, message, hint = "" } = error;
      const completes = await complete(directory);
      return { code, exitCode, message, hint, inTime, wrong: accepted, completes, broken: [] };
    },
    async close() {
      await Promise.all(clients.map((made) => made.close()));
      await server.close();
      await rm(root, { recursive: true });
    },
  };
}
