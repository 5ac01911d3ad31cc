import type { HubClient } from "../../client/hub-client.ts";
import type { RepoFile } from "../../client/repo-listing.ts";
import { REPO } from "../download-fixture.ts";
import type { FaultServer } from "../fault-server.ts";

/** Every file that a client lists at a commit, by default that of `main`. */
export async function listFiles(client: HubClient, commit?: string): Promise<RepoFile[]> {
  const at = commit ?? (await client.resolveRevision(REPO)).commit;
  const files: RepoFile[] = [];
  for await (const file of client.listFiles({ ...REPO, commit: at })) files.push(file);
  return files;
}

/** Answers every request for the list of files with these entries. */
export function listAs(
  server: FaultServer,
  entries: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  server.setFault((request, response) => {
    if (request.url?.includes("/tree/") !== true) return false;
    response.writeHead(200, headers).end(JSON.stringify(entries));
    return true;
  });
}
