import type { Workspace } from "../workspace/workspace.ts";
import { listRuns, readRunJournal } from "../run/run-folder.ts";

/** So many runs back: older ones say little about today's machine and code. */
const RUNS = 20;

/** How long stages took in the newest runs that did them, seconds by stage id. Reused results count with the time they took when made. */
export async function earlierSeconds(workspace: Workspace): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  for (const { id } of (await listRuns(workspace)).slice(-RUNS).reverse()) {
    // A journal that cannot be read predicts nothing; its run will say so when it is looked at.
    const journal = await readRunJournal(workspace, id).catch(() => []);
    for (const entry of journal) {
      if (entry.type === "finished" && !found.has(entry.id)) found.set(entry.id, entry.seconds);
    }
  }
  return found;
}
