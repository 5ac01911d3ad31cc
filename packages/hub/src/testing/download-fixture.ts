import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
  /** Where files go; `fresh` makes another. */
  readonly folder: string;
  fresh(): Promise<string>;
  client(options?: Partial<HubClientOptions>): HubClient;
  download(options?: Options): Promise<DownloadedRepo>;
  /** Whether every file is there with its content, and nothing partial is. */
  complete(folder?: string): Promise<boolean>;
  close(): Promise<void>;
}

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
  return {
    server,
    root,
    folder,
    fresh,
    client,
    async download(options = {}) {
      const made = client(options);
      const { commit } = await made.resolveRevision(REPO);
      const selection = { allow: ["*"] };
      return await made.downloadRepo({ ...REPO, commit, directory: folder, selection, ...options });
    },
    async complete(where = folder) {
      for (const [path, content] of Object.entries(files)) {
        const found = await readFile(join(where, path)).catch(() => undefined);
        if (found?.equals(Buffer.from(content)) !== true) return false;
      }
      return !existsSync(`${where}.part`);
    },
    async close() {
      await Promise.all(clients.map((made) => made.close()));
      await server.close();
      await rm(root, { recursive: true });
    },
  };
}
